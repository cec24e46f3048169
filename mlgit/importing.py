"""Everything that another store, another clone or a copy of one holds and this store lacks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, InvalidState, InvalidValue, MlgitError, NotFound, RemoteFailed
from mlgit.git.lock import writer_lock
from mlgit.git.ref_removal import remove_ref
from mlgit.runs.spool.land import Flushed, flush
from mlgit.store.locate import locate
from mlgit.store.url import repository_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlgit.artifacts.cache import ObjectCache
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.sharing.pull import Pulled
    from mlgit.store.quarantine import Held
    from mlgit.store.store import Store

_TIMEOUT = 3600.0  # seconds; a store of 100,000 runs
_NAMESPACE = "refs/mlgit/import/"


@dataclass
class Imported:
    """What came in.

    Attributes:
        runs: How many runs the source's branch had that this store had not.
        open: Paths that both sides had changed and a person should look at.
        held: What the source's branch holds and no store may: it was left out, or set right.
        journals: What became of runs that the source has not published.
        artifacts: How many artifacts were copied.
        unread: What could not be read there.
    """

    runs: int = 0
    open: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    journals: Flushed = field(default_factory=Flushed)
    artifacts: int = 0
    unread: list[MlgitError] = field(default_factory=list)


def import_runs(store: Store, source: str, *, recover: bool = False) -> Imported:
    """Take in what `source` holds and `store` lacks; nothing is changed in the source.

    A folder is read by this process alone: no program is started in it, and none that its
    configuration names.

    Args:
        store: Where to.
        source: A repository or a copy of its `.git`, a spool, or the URL of a repository.
        recover: Also take unpublished runs whose writers have been silent for ten minutes.

    Raises:
        NotFound: The folder holds neither a store nor a spool.
        InvalidValue: The URL is not of an allowed kind, or the folder is this store's own.
        RemoteFailed: The URL cannot be reached.
        Unsupported: The folder is another user's, or a record is of a newer format.
        StorageFailed, Conflict: The branch cannot be written.
    """
    address = repository_url(source)
    _adopt(store)
    if Path(address).is_dir():
        return _from_folder(store, Path(address), recover=recover)
    from mlgit.git.transport.choice import transport_to

    found = Imported()
    _take_branch(store, transport_to(store.repository, address, store.branch.name), source, found)
    return found


def _from_folder(store: Store, path: Path, *, recover: bool) -> Imported:
    from mlgit.git.transport.path import PathTransport

    repository, found = _repository_at(path, store), Imported()
    data = path if repository is None else repository / "mlgit" / "data"
    if repository is None and not (path / "live").is_dir():
        raise NotFound(f"{path} holds neither a store nor a spool", "mlgit import-runs PATH|URL")
    if repository is not None:
        try:
            remote = PathTransport(store.repository, str(repository), store.branch.name)
            _take_branch(store, remote, path.name, found)
        except (RemoteFailed, Damaged, NotFound) as error:
            found.unread.append(error)
    _take_artifacts(store, data / "objects", found)
    for folder in (data, data / "spool"):  # the second is there where it could lock no files
        found.journals += flush(store, folder, keep=True, recover=recover)
    return found


def _repository_at(path: Path, store: Store) -> Path | None:
    """The git folder of the store at `path` itself, not above it; None where there is none."""
    from mlgit.git.discovery import exactly_at

    if exactly_at(path) is None:
        return None
    folder = locate(path).repository.common_dir
    if folder.samefile(store.repository.common_dir):
        raise InvalidValue(f"{path} is this store itself", "name another clone, or a copy")
    return folder


def _adopt(store: Store) -> None:
    """Begin the local branch where the remote's is, as every first write does."""
    found = store.snapshot()
    if found.ref != store.branch.ref:
        store.make_folders()
        with writer_lock(store.state):
            reason = f"adopted from {found.ref}"
            store.repository.refs.compare_and_swap(store.branch.ref, None, found.commit, reason)


def _take_branch(store: Store, remote: Transport, name: str, found: Imported) -> None:
    """The source's branch, and what was left in its inbox, under refs that go away again."""
    from mlgit.sharing.pull import take_in

    key = sha256(remote.remote.encode()).hexdigest()[:12]
    remote.tracking, remote.memory = f"{_NAMESPACE}{key}/branch", f"{_NAMESPACE}{key}/inbox/"
    try:
        fetched = remote.fetch(_TIMEOUT)
        if fetched.tip is None:
            found.unread.append(NotFound(f"{name} has no branch {store.branch.name!r}"))
        for tip in filter(None, (fetched.tip, *fetched.inbox.values())):
            _count(store, take_in(store, _guarded(store, tip, key), name), found)
    finally:
        for ref in store.repository.refs.names(f"{_NAMESPACE}{key}/"):
            oid = store.repository.refs.read(ref)
            if oid is not None:
                remove_ref(store.repository, ref, oid)


def _guarded(store: Store, tip: Oid, key: str) -> Oid:
    """What to merge for a commit of the source, safe from a clean-up until that is done."""
    from mlgit.sharing.import_graft import without_epoch

    made = without_epoch(store, tip)
    if made != tip:
        store.repository.refs.compare_and_swap(f"{_NAMESPACE}{key}/graft", None, made, "import")
    return made


def _count(store: Store, pulled: Pulled, found: Imported) -> None:
    from mlgit.sharing.state import runs_between

    found.runs += runs_between(store, pulled.before, pulled.after)
    found.open += pulled.open
    found.held += pulled.held


def _take_artifacts(store: Store, folder: Path, found: Imported) -> None:
    """Artifacts that only the source's own disk holds, each verified."""
    from mlgit.artifacts.cache import ObjectCache

    ours = ObjectCache(store.data / "objects")
    for path in _objects_in(folder / "sha256"):
        if ours.has(path.name):
            continue
        problem = _copy(path, ours)
        found.artifacts += problem is None
        found.unread += [problem] if problem else []


def _copy(path: Path, ours: ObjectCache) -> MlgitError | None:
    """Why an object could not be copied."""
    if not os.access(path, os.R_OK):
        return Damaged(f"{path} cannot be read", "look at its owner and permissions")
    try:
        ours.put(path.name, path)
    except (Damaged, NotFound, InvalidValue, InvalidState) as error:
        return error
    return None


def _objects_in(folder: Path) -> Iterator[Path]:
    """The objects of a cache; what is not named like one is passed over."""
    for where, _, names in os.walk(folder):
        yield from (Path(where, name) for name in sorted(names) if len(name) == 64)
