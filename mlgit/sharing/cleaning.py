"""What this clone keeps beside the branch of a history that was given up, and removing it.

`data/forgetting` is written before the branch moves and stays until nothing is left to do, so that
a command that was killed is completed by the next one. `data/forgotten-heads` remembers for good
which commits were given up: where a clone that slept has them, it is known what it had then.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, MlgitError
from mlgit.git.files import read_file, refusals, replace_file
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid, is_oid
from mlgit.git.reflog_removal import keep_logged
from mlgit.git.tree import lookup
from mlgit.records import layout, text
from mlgit.records.epoch import Epoch, parts_of
from mlgit.sharing.leftover import forgotten_digests, remove_objects
from mlgit.store.lineage import ancestors, epoch_at, strays

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.store.store import Store

_PACK_LISTS = ("recent-packs.txt", "joined-packs.txt", "dense-packs.txt")


class _Due(NamedTuple):
    """What is left to do.

    Attributes:
        replaced: Commits whose history was given up.
        pending: Remote-tracking refs that still have such a history; None before the first look.
    """

    replaced: tuple[Oid, ...]
    pending: dict[str, Oid] | None = None


def intend(store: Store, replaced: Iterable[Oid]) -> None:
    """Note, before the branch moves, which commits it is about to leave behind.

    Raises:
        StorageFailed: The disk refused.
    """
    due = _read(store)
    before = due.replaced if due else ()
    _write(store, _Due(tuple(dict.fromkeys([*before, *replaced]))))


def given_up(store: Store) -> set[Oid]:
    """The commits that this clone gave up at any time."""
    due = _read(store)
    return {*_lines(store.data / "forgotten-heads"), *(due.replaced if due else ())}


def is_due(store: Store) -> bool:
    """Whether something is left to remove."""
    return (store.data / "forgetting").exists()


def settle(store: Store) -> None:
    """Remove what is left, if anything is. Not inside `writer_lock`: it is taken here.

    Raises:
        StorageFailed: The disk refused; what is left is removed the next time.
    """
    if is_due(store):
        with writer_lock(store.state):
            clean(store)


def clean(store: Store) -> None:
    """As `settle`, inside `writer_lock`."""
    due, found = _read(store), store.branch.readable()
    if due is None or found is None:
        return
    objects, tracking = store.repository.objects, remembered(store)
    replaced = tuple(oid for oid in due.replaced if oid != found[0])
    if due.pending and all(tracking.get(ref) == oid for ref, oid in due.pending.items()):
        return  # nothing has moved since the last look
    epoch = epoch_at(objects, found[0])
    if epoch is None:  # the branch never moved
        _done(store, ())
        return
    same = [oid for oid in tracking.values() if _is_pure(objects, oid, found[0])]
    wanted = frozenset(ancestors(objects, [found[0], *same]))
    remove_journals(store, epoch)
    trees = _trees(store, replaced)
    remove_objects(store, forgotten_digests(objects, trees, epoch))
    _remove_caches(store.cache)
    for ref in (store.branch.ref, *tracking):
        keep_logged(store.repository, ref, wanted)
    pending = {ref: oid for ref, oid in tracking.items() if oid not in wanted}
    if pending:
        _write(store, _Due(replaced, pending))
    else:
        _done(store, replaced)


def _is_pure(objects: Objects, oid: Oid, tip: Oid) -> bool:
    """Whether a commit is of the epoch of the tip, and all that it came from."""
    try:
        return epoch_at(objects, oid) == epoch_at(objects, tip) and not strays(objects, oid, tip)
    except MlgitError:  # newer than this version, or damaged
        return False


def remove_journals(store: Store, epoch: Epoch) -> None:
    """The journals of runs that were forgotten, and published ones of those with forgotten parts.

    Raises:
        StorageFailed: The disk refused.
    """
    found = store.branch.readable()
    tree = store.repository.objects.commit(found[0]).tree if found else None
    whole: dict[str, bool] = {}
    for path, parts in parts_of(epoch.forgotten).items():
        folder = path if layout.parse_path(f"{path}/{layout.RUN}") else os.path.dirname(path)  # noqa: PTH120
        run_id = _run_id(store, tree, folder)
        if run_id:
            whole[run_id] = whole.get(run_id, False) or (folder == path and not parts)
    with refusals(store.data, "remove journals in"):
        for journal in _published(store.data):
            if journal.name.partition(".")[0] in whole:
                journal.unlink(missing_ok=True)
        for run_id in (run_id for run_id, is_whole in whole.items() if is_whole):
            shutil.rmtree(store.data / "live" / run_id, ignore_errors=True)


def _run_id(store: Store, tree: Oid | None, folder: str) -> str:
    objects = store.repository.objects
    entry = lookup(objects, tree, f"{folder}/{layout.RUN}")
    try:
        run_id = str(text.load(objects.blob(entry.oid))["id"]) if entry else ""
    except (MlgitError, KeyError):
        return ""
    return run_id if layout.run_part(run_id) == run_id else ""


def _published(data: Path) -> Iterator[Path]:
    for where, _, names in os.walk(data / "published"):
        yield from (Path(where, name) for name in names)


def _trees(store: Store, commits: Iterable[Oid]) -> list[Oid]:
    found = []
    for oid in commits:
        with suppress(MlgitError):  # cleaned up already
            found.append(store.repository.objects.commit(oid).tree)
    return found


def _remove_caches(cache: Path) -> None:
    """All but the lists of our own packs, which name none of the runs."""
    with refusals(cache, "clear"):
        for path in cache.iterdir() if cache.is_dir() else ():
            if path.name in _PACK_LISTS:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def remembered(store: Store) -> dict[str, Oid]:
    """Where the branch of each remote was, and what is remembered of their inboxes."""
    refs, suffix = store.repository.refs, f"/{store.branch.name}"
    names = [name for name in refs.names("refs/remotes/") if name.endswith(suffix)]
    found: dict[str, Oid] = {}
    for name in (*names, *refs.names("refs/mlgit/remotes/")):
        with suppress(Damaged):
            oid = refs.read(name)
            if oid:
                found[name] = oid
    return found


def _read(store: Store) -> _Due | None:
    if not is_due(store):
        return None
    lines = _lines(store.data / "forgetting")
    words = [line.split(b" ", 1) for line in lines]
    replaced = tuple(first for first, *rest in words if not rest and is_oid(first))
    pending = {rest[0].decode("utf-8", "replace"): first for first, *rest in words if rest}
    return _Due(replaced, pending or None)


def _lines(path: Path) -> list[bytes]:
    try:
        return read_file(path).splitlines()
    except FileNotFoundError:
        return []


def _write(store: Store, due: _Due) -> None:
    store.make_folders()
    pending = [oid + b" " + ref.encode() for ref, oid in (due.pending or {}).items()]
    lines = b"".join(line + b"\n" for line in (*due.replaced, *pending))
    replace_file(store.data / "forgetting", lines, durable=True)


def _done(store: Store, replaced: Iterable[Oid]) -> None:
    path = store.data / "forgotten-heads"
    heads = dict.fromkeys([*_lines(path), *replaced])
    if heads:
        replace_file(path, b"".join(oid + b"\n" for oid in heads), durable=True)
    (store.data / "forgetting").unlink(missing_ok=True)
