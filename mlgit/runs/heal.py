"""Published journals are kept for an hour and then compared with the branch, once."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.runs import journals
from mlgit.runs.compose import Source, compose, first_header, segments_of
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
    for run_id, shelved in _by_run(store.data).items():
        old = [path for hour, path in shelved if _is_old(hour)]
        if not (old or every):
            continue
        if not every and time.monotonic() > deadline:
            break
        done = _heal_run(store, run_id, [path for _, path in shelved])
        found += [done] if done else []
        if done is None or done.problem is None:
            for path in old:
                _remove(path)
    return found


def _is_old(hour: int) -> bool:
    return hour + KEPT_HOURS < times.now_ms() // journals.HOUR_MS


def _by_run(data: Path) -> dict[str, list[tuple[int, Path]]]:
    """Shelved journals, with the hour they were published in, by run; oldest first."""
    found: dict[str, list[tuple[int, Path]]] = {}
    folder = journals.published_folder(data)
    hours = sorted(folder.iterdir()) if folder.is_dir() else []
    for place in hours:
        if place.name.isdigit() and place.is_dir():
            for path in sorted(place.glob(f"*.*.*{SUFFIX}")):
                run_id = path.name.partition(".")[0]
                found.setdefault(run_id, []).append((int(place.name), path))
    return found


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _heal_run(store: Store, run_id: str, paths: list[Path]) -> Healed | None:
    sources = [Source(path.name.split(".")[1], read_journal(path)) for path in paths]
    if not any(source.content.header for source in sources):
        return None
    if _is_whole(store.snapshot(), sources):
        return None
    try:
        with journals.publishing(store.data, run_id):
            store.publish(compose(store.snapshot(), sources, store.writer))
    except MlgitError as error:
        return Healed(run_id, error)
    return Healed(run_id)


def _is_whole(snapshot: Snapshot, sources: list[Source]) -> bool:
    """Whether every object of the run, and every segment, can be read; a purged run needs none."""
    folder = first_header(sources).folder
    wanted = {part.name for source in sources for part in segments_of(source) if len(part)}
    try:
        names = snapshot.names(folder)
        snapshot.run(folder)
        for name in names:
            snapshot.read(f"{folder}/{name}")
    except NotFound as error:
        return "id" in error.facts
    except Damaged:
        return False
    return wanted <= set(names)
