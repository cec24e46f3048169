"""A store as a job sees it that records into a spool: read where it is there, never written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from mlgit.errors import NoStore, NotARepository, Unsupported
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS
from mlgit.git.config import Config
from mlgit.git.objects import Objects
from mlgit.git.oid import object_id
from mlgit.git.refs import Refs
from mlgit.git.repository import Repository
from mlgit.records import layout
from mlgit.records.experiment import Experiment, load_experiment
from mlgit.records.fields import NOTHING
from mlgit.runs.spool.folder import VARIABLE, make_spool
from mlgit.store.change import Change
from mlgit.store.locate import Located, branch_name, locate
from mlgit.store.snapshot import Damage, Snapshot
from mlgit.store.store import Store

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.publication import Publication

T = TypeVar("T")


def located_or_nowhere(path: Path | None, spool: Path) -> Located:
    """The repositories of the store for `path`, or what stands for them where there are none.

    Raises:
        NotARepository: The one that was named is not there.
    """
    try:
        return locate(path)
    except (NotARepository, NoStore):
        if os.environ.get("MLGIT_REPO") or not (path is None or path.is_dir()):
            raise
        nowhere = Nowhere(spool / "no-repository")
        return Located(nowhere, nowhere, branch_name())


class SpoolingStore(Store):
    """A store that is only read: what this process records goes into a spool.

    Experiments that are made here are known to this process and named in its journals. Where there
    is no repository, the store is empty and has the default settings.
    """

    spools = True

    def __init__(self, located: Located, spool: Path) -> None:
        super().__init__(located)
        self.data = spool
        self.cache = Path(os.devnull, "mlgit")  # an index is kept in memory: SQLite needs locks
        self._made: dict[str, Experiment] = {}

    def snapshot(self) -> Snapshot:
        """The store as of now, and the experiments made here."""
        found = self.branch.readable() or (ROOT_COMMIT, self.branch.ref)
        return _Extended(self._trees, *found).with_experiments(self._made)

    def make_folders(self) -> None:
        """Only the spool is written."""
        make_spool(self.data)

    def apply(
        self,
        edit: Callable[[Change], T],
        subject: str,  # noqa: ARG002
        trailers: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> T:
        """`edit`, where it only makes experiments.

        Raises:
            Unsupported: It changes something else.
        """
        change = Change(self.snapshot())
        result = edit(change)
        made = {}
        for path, data in change.edits().items():
            located = layout.parse_path(path)
            if located is None or located.kind != "experiment" or not isinstance(data, bytes):
                _refuse()
            if change.snapshot.read(path) is not None:
                _refuse()
            made[located.experiment_folder] = load_experiment(data, located.experiment_folder)
        self._made.update(made)
        return result

    @contextmanager
    def change(
        self,
        subject: str,  # noqa: ARG002
        trailers: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Iterator[Change]:
        """Nothing but runs is written here."""
        _refuse()
        yield Change(self.snapshot())

    def publish(self, publication: Publication) -> Oid:  # noqa: ARG002
        """Nothing is published from here."""
        _refuse()


def _refuse() -> NoReturn:
    raise Unsupported(
        "this process records into a spool and changes nothing in the store",
        f"do it where the runs are flushed to, or unset {VARIABLE}",
    )


class _Extended(Snapshot):
    """A snapshot with experiments that are not on the branch yet."""

    _made: Mapping[str, Experiment] = NOTHING

    def with_experiments(self, made: Mapping[str, Experiment]) -> _Extended:
        self._made = made
        return self

    def experiments(self) -> tuple[list[Experiment], list[Damage]]:
        """Those of the branch, then those made here."""
        found, damaged = super().experiments()
        known = {one.folder for one in found}
        return [*found, *(one for one in self._made.values() if one.folder not in known)], damaged


class Nowhere(Repository):
    """What stands for a repository where there is none: empty, and never written."""

    def __init__(self, folder: Path) -> None:  # nothing is looked for, so nothing is refused
        self.git_dir = self.common_dir = folder
        self.state_dir = folder / "mlgit"
        self.work_tree = None
        self.config = Config(folder, folder)
        self.objects = _RootOnly(folder / "objects")
        self.refs = Refs(self)


class _RootOnly(Objects):
    """Only the objects that every store begins with."""

    def read(self, oid: Oid) -> tuple[int, bytes]:
        """One of them; else as in an empty repository."""
        return _root_objects().get(oid) or super().read(oid)


@cache
def _root_objects() -> dict[Oid, tuple[int, bytes]]:
    return {object_id(kind, data): (kind, data) for kind, data in ROOT_OBJECTS}
