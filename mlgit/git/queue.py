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

from mlgit.errors import Conflict, InvalidValue, StorageFailed
from mlgit.git.branch import Branch
from mlgit.git.files import refusals, replace_file
from mlgit.git.holder import age_seconds, release
from mlgit.git.item import Item, decode_item, encode_item, message
from mlgit.git.lock import DEFAULT_TIMEOUT, busy, try_writer_lock
from mlgit.git.oid import Oid, is_oid
from mlgit.git.tree import Edit

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.01
_FORGOTTEN = 600.0  # seconds after which nobody comes for an outcome
_MOST = 500  # entries of one commit
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
    """
    queue = branch.repository.state_dir / "queue" / branch.name.replace("/", "%2F")
    entry = _drop(queue, item)
    try:
        return _wait_or_commit(branch, queue, entry, item, timeout)
    finally:
        with suppress(OSError):
            entry.unlink()


def drain(branch: Branch) -> Oid | None:
    """Commit what killed writers left waiting; the commit, or None if nothing waits.

    Hold `writer_lock` around this call.
    """
    queue = branch.repository.state_dir / "queue" / branch.name.replace("/", "%2F")
    entries = _waiting(queue)
    return _commit_all(branch, entries) if entries else None


def _drop(queue: Path, item: Item) -> Path:
    name = f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(3).hex()}"
    with refusals(queue, "write to"):
        replace_file(queue / name, encode_item(item), durable=False)
    return queue / name


def _wait_or_commit(branch: Branch, queue: Path, entry: Path, item: Item, timeout: float) -> Oid:
    deadline = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    while True:
        fd = try_writer_lock(branch.repository.state_dir)
        if fd is not None:
            try:
                return _outcome(entry) or _commit_waiting(branch, queue, entry, item)
            finally:
                release(fd)
        done = _outcome(entry)
        if done is not None:
            return done
        if time.monotonic() > deadline:
            raise busy(branch.repository.state_dir, timeout)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _outcome(entry: Path) -> Oid | None:
    """The commit that another holder put the entry in, once it has."""
    done = entry.with_name(entry.name + _DONE)
    try:
        content = done.read_bytes()
    except FileNotFoundError:
        return None
    with suppress(OSError):
        done.unlink()
    return content if is_oid(content) else None


def _commit_waiting(branch: Branch, queue: Path, entry: Path, item: Item) -> Oid:
    entries = {**_waiting(queue), entry: item}
    try:
        return _commit_all(branch, dict(sorted(entries.items())), entry)
    except (InvalidValue, Conflict):
        if len(entries) == 1:
            raise
        # An entry that cannot be committed must not take the others with it: each writer that
        # still lives commits its own.
        return _commit_all(branch, {entry: item}, entry)


def _commit_all(branch: Branch, entries: dict[Path, Item], own: Path | None = None) -> Oid:
    items = list(entries.values())
    edits: dict[str, Edit] = {}
    defaults: dict[str, bytes] = {}
    for item in items:
        edits.update(item.edits())
        defaults.update(item.defaults)
    commit = branch.commit(edits, message(items), defaults=defaults)
    for entry in entries:
        if entry != own:
            _tell(entry, commit)
    return commit


def _tell(entry: Path, commit: Oid) -> None:
    """Leave word for the writer of an entry; without it, it would find its files there anyway."""
    with suppress(OSError, StorageFailed):
        if entry.exists():
            replace_file(entry.with_name(entry.name + _DONE), commit, durable=False)
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
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    item = decode_item(data)
    if item is None:  # torn by a power cut: the journal of that run has it all
        path.unlink(missing_ok=True)
    return item
