"""Published journals are kept for an hour and then compared with the branch, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.runs import journals
from mlgit.runs.compose import Source, compose
from mlgit.runs.journal_file import SUFFIX
from mlgit.runs.journal_read import read_journal

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

KEPT_HOURS = 1


@dataclass(frozen=True)
class Healed:
    """One run whose objects were gone, as after a foreign `git prune`; it is whole again."""

    run_id: str
    problem: MlgitError | None = None


def heal(store: Store, *, every: bool = False, seconds: float = 0.05) -> list[Healed]:
    """Look whether what was published is still there; publish again what is not.

    Journals that are older than an hour and through are removed.

    Args:
        store: The store.
        every: Also look at the younger ones, however long it takes.
        seconds: Time after which the rest is left to a later command.
    """
    deadline = time.monotonic() + seconds
    found: list[Healed] = []
    for hour, path in _shelved(store.data):
        old = hour + KEPT_HOURS < times.now_ms() // journals.HOUR_MS
        if not (old or every):
            continue
        if not every and time.monotonic() > deadline:
            break
        done = _heal_one(store, path)
        found += [done] if done else []
        if old and (done is None or done.problem is None):
            _remove(path)
    return found


def _shelved(data: Path) -> Iterator[tuple[int, Path]]:
    """Shelved journals with the hour they were published in, oldest first."""
    try:
        hours = sorted(p for p in journals.published_folder(data).iterdir() if p.name.isdigit())
    except FileNotFoundError:
        return
    for folder in hours:
        for path in sorted(folder.iterdir()):
            if path.suffix == SUFFIX and path.name.count(".") == 3:
                yield int(folder.name), path
        with suppress(OSError):  # only an empty one goes
            if int(folder.name) + KEPT_HOURS < times.now_ms() // journals.HOUR_MS:
                folder.rmdir()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _heal_one(store: Store, path: Path) -> Healed | None:
    run_id, writer, _, _ = path.name.split(".")
    content = read_journal(path)
    if content.header is None or _is_whole(store.snapshot(), content.header.folder):
        return None
    try:
        with journals.publishing(store.data, run_id):
            source = Source(writer, content)
            store.publish(compose(store.snapshot(), [source], store.writer))
    except MlgitError as error:
        return Healed(run_id, error)
    return Healed(run_id)


def _is_whole(snapshot: Snapshot, folder: str) -> bool:
    """Whether every object of the run can be read; a purged run needs none."""
    try:
        snapshot.run(folder)
        for name in snapshot.names(folder):
            snapshot.read(f"{folder}/{name}")
        return True
    except NotFound as error:
        return bool(error.facts.get("id"))
    except Damaged:
        return False
