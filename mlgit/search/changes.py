"""Which runs differ between two states of the branch: trees are compared, no record is opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import Oid
from mlgit.git.tree import TREE_MODE

if TYPE_CHECKING:
    from mlgit.git.objects import Objects

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_SHARD = re.compile(r"[0-9a-f]", re.ASCII).fullmatch
_RUN = re.compile(r"\d{6}-(?!m-).+", re.ASCII).fullmatch  # `m-` begins a logged model's id

Listing = dict[bytes, tuple[int, Oid]]


@dataclass
class Walk:
    """One comparison; what it learns beside the runs it yields.

    Attributes:
        experiments: Whether an `experiment.yaml` differs.
        unreadable: Path and reason of each tree of the new state that cannot be read.
    """

    objects: Objects
    experiments: bool = False
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    _seen: set[tuple[bool, Oid]] = field(default_factory=set)

    def changed_runs(self, old: Oid | None, new: Oid) -> Iterator[tuple[str, Oid | None]]:
        """Folder of each run that differs between root trees, and its tree if it is still there.

        Runs in trees of the new state that cannot be read are not there, and no folder above runs
        is entered twice: honest ones differ, and copies of copies would have no end.

        Raises:
            NotFound, Damaged: The old state cannot be read.
        """
        before, after = ({} if old is None else self._before(old)), self._after("", new)
        runs = [_folder(listing, b"runs") for listing in (before, after)]
        for experiment, was, now in self._folders("runs", runs[0], runs[1], bool):
            for day, day_was, day_now in self._experiment(experiment, was, now):
                for shard, shard_was, shard_now in self._folders(day, day_was, day_now, _SHARD):
                    for run, _, left in self._folders(shard, shard_was, shard_now, _RUN):
                        yield run, left

    def _experiment(
        self, path: str, was: Oid | None, now: Oid | None
    ) -> Iterator[tuple[str, Oid | None, Oid | None]]:
        before, after = self._both(path, was, now)
        if before.get(b"experiment.yaml") != after.get(b"experiment.yaml"):
            self.experiments = True
        return _differing(path, before, after, _DAY)

    def _folders(
        self, path: str, was: Oid | None, now: Oid | None, wanted: Callable[[str], object]
    ) -> Iterator[tuple[str, Oid | None, Oid | None]]:
        before, after = self._both(path, was, now)
        return _differing(path, before, after, wanted)

    def _both(self, path: str, was: Oid | None, now: Oid | None) -> tuple[Listing, Listing]:
        if was == now:
            return {}, {}
        before = {} if was is None else self._before(was)
        return before, {} if now is None else self._after(path, now)

    def _before(self, oid: Oid) -> Listing:
        return {} if self._is_copy(oid, now=False) else self.objects.tree(oid)

    def _is_copy(self, oid: Oid, *, now: bool) -> bool:
        known = (now, oid) in self._seen
        self._seen.add((now, oid))
        return known

    def _after(self, path: str, oid: Oid) -> Listing:
        if self._is_copy(oid, now=True):
            return {}
        try:
            return self.objects.tree(oid)
        except (NotFound, Damaged) as error:
            self.unreadable.append((path, error.message))
            return {}


def _folder(listing: Listing, name: bytes) -> Oid | None:
    entry = listing.get(name)
    return entry[1] if entry is not None and entry[0] == TREE_MODE else None


def _differing(
    path: str, before: Listing, after: Listing, wanted: Callable[[str], object]
) -> Iterator[tuple[str, Oid | None, Oid | None]]:
    """Path, old and new tree of each wanted folder that differs; sorted by name."""
    names = {name for name, _ in after.items() ^ before.items()}
    for name in sorted(names):
        was, now = _folder(before, name), _folder(after, name)
        if was != now and name.isascii() and wanted(name.decode("ascii")):
            yield f"{path}/{name.decode('ascii')}", was, now
