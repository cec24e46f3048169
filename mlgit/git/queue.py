"""Many writers, few commits: who gets the writer lock commits everything that waits.

A writer drops its item in `queue/` and then either takes the lock and commits all entries at
once, or sees its entry done by whoever held it. An entry holds all its files, so that any later
writer can commit what a killed one left; putting the same files on the branch twice is no change.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import Conflict, InvalidValue, StorageFailed
from mlgit.git.files import read_file, refusals, replace_file
from mlgit.git.holder import age_seconds
from mlgit.git.item import Item, decode_item, encode_item, message
from mlgit.git.lock import DEFAULT_TIMEOUT, WriterLock, take_or_find
from mlgit.git.oid import BLOB, Oid, is_oid

if TYPE_CHECKING:
    from mlgit.git.branch import Branch
    from mlgit.git.tree import Edit

_FORGOTTEN = 600.0  # seconds after which nobody comes for an outcome
_MOST = 500  # entries of one commit
_SHARED = 1 << 20  # bytes; a bigger item is not copied into the queue, its writer waits
_LARGE = 1 << 18  # bytes; bigger files are stored before the lock is taken, which takes a while
_DONE = ".done"
_PARTIAL = ".tmp"


def publish(branch: Branch, item: Item, *, timeout: float = DEFAULT_TIMEOUT) -> Oid:
    """Put an item on the branch, alone or in a commit shared with other writers.

    Returns the commit it is in, which is on disk and verified by then. Do not hold
    `writer_lock`: it is taken here.

    Raises:
        StorageFailed: The disk refused, or the lock was not free within `timeout` seconds; the
            item is not waiting any more, so call again when the cause is gone.
        Unsupported: The branch is checked out somewhere.
        InvalidValue: A path of the item cannot stand on the branch.
        Conflict: Others kept moving the branch.
    """
    lock = WriterLock(branch.repository.state_dir)
    if not lock.try_take():
        if item.size() <= _SHARED:
            return _wait(branch, item, lock, timeout)
        large = [data for data in item.files.values() if len(data) > _LARGE]
        branch.repository.objects.write((BLOB, data) for data in large)
        take_or_find(lock, lambda: None, timeout)
    try:
        return _commit_waiting(branch, item)
    finally:
        lock.release()


def drain(branch: Branch) -> Oid | None:
    """Commit what killed writers left waiting; the commit, or None if nothing waits.

    Hold `writer_lock` around this call.
    """
    entries = _waiting(_queue_of(branch))
    return _commit_all(branch, entries) if entries else None


def _queue_of(branch: Branch) -> Path:
    return branch.repository.state_dir / "queue" / branch.name.replace("/", "%2F")


def _wait(branch: Branch, item: Item, lock: WriterLock, timeout: float) -> Oid:
    """Leave the item to whoever holds the lock, or commit it when the lock comes to us."""
    name = f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(3).hex()}"
    entry = _queue_of(branch) / name
    replace_file(entry, encode_item(item), durable=False)
    try:
        done = take_or_find(lock, lambda: _outcome(entry), timeout)
        if done is not None:
            return done
        try:
            return _outcome(entry) or _commit_waiting(branch, item, entry)
        finally:
            lock.release()
    finally:
        for path in (entry, _done(entry)):
            with suppress(OSError):
                path.unlink()


def _done(entry: Path) -> Path:
    return entry.with_name(entry.name + _DONE)


def _outcome(entry: Path) -> Oid | None:
    """The commit that another holder put the entry in, once it has."""
    try:
        content = read_file(_done(entry))
    except FileNotFoundError:
        return None
    return content if is_oid(content) else None


def _commit_waiting(branch: Branch, item: Item, own: Path | None = None) -> Oid:
    """Commit an item and all that wait. Hold the lock."""
    entries = _waiting(_queue_of(branch))
    entries.pop(own or Path(), None)
    try:
        return _commit_all(branch, entries, item)
    except (InvalidValue, Conflict):
        if not entries:
            raise
        # An entry that cannot be committed must not take the others with it: each writer that
        # still lives commits its own.
        return _commit_all(branch, {}, item)


def _commit_all(branch: Branch, entries: dict[Path, Item], own: Item | None = None) -> Oid:
    items = [*entries.values(), *([own] if own else [])]
    edits: dict[str, Edit] = {}
    defaults: dict[str, bytes] = {}
    for item in items:
        edits.update(item.edits())
        defaults.update(item.defaults)
    commit = branch.commit(edits, message(items), defaults=defaults)
    for entry in entries:
        _tell(entry, commit)
    return commit


def _tell(entry: Path, commit: Oid) -> None:
    """Leave word for the writer of an entry; without it, it would find its files there anyway."""
    with suppress(OSError, StorageFailed):
        if entry.exists():
            replace_file(_done(entry), commit, durable=False)
            entry.unlink()


def _waiting(queue: Path) -> dict[Path, Item]:
    """Whole entries, the oldest first; torn ones and forgotten outcomes are removed."""
    found: dict[Path, Item] = {}
    with refusals(queue, "list"):
        names = sorted(os.listdir(queue)) if queue.is_dir() else []  # noqa: PTH208
    for name in names:
        path = queue / name
        if name.endswith((_DONE, _PARTIAL)):
            if age_seconds(path) > _FORGOTTEN:
                path.unlink(missing_ok=True)
            continue
        item = _read(path) if len(found) < _MOST else None
        if item is not None:
            found[path] = item
    return found


def _read(path: Path) -> Item | None:
    try:
        data = read_file(path)
    except FileNotFoundError:
        return None
    item = decode_item(data)
    if item is None:  # torn by a power cut: the journal of that run has it all
        path.unlink(missing_ok=True)
    return item
