"""Published journals are kept for an hour and then compared with the branch, once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.runs import journals
from mlgit.runs.journal_file import SUFFIX

if TYPE_CHECKING:
    from mlgit.runs.mend import Healed
    from mlgit.store.store import Store

KEPT_HOURS = 1


def heal(store: Store, *, every: bool = False, seconds: float = 0.05) -> list[Healed]:
    """Look whether what was published is still there; publish again what is not.

    Journals that are older than an hour and through are removed. Where none is that old it costs
    one listing of a folder, however many wait.

    Args:
        store: The store.
        every: Also look at the younger ones, however long it takes.
        seconds: Time after which the rest is left to a later command.
    """
    deadline = time.monotonic() + seconds
    found: dict[str, Healed] = {}
    for hour in _hours(store.data):
        if not (every or _is_old(hour)):
            break
        for path in _journals_in(store.data, hour):
            if _look_after(store, path, found) and _is_old(hour):
                _remove(path)
            if not every and time.monotonic() > deadline:
                return list(found.values())
    return list(found.values())


def _is_old(hour: int) -> bool:
    return hour + KEPT_HOURS < times.now_ms() // journals.HOUR_MS


def _hours(data: Path) -> list[int]:
    """The hours in which something was published that waits, the oldest first."""
    try:
        return sorted(int(n.name) for n in journals.published_folder(data).iterdir() if _is_hour(n))
    except FileNotFoundError:
        return []


def _is_hour(folder: Path) -> bool:
    return folder.name.isdecimal() and folder.is_dir()


def _journals_in(data: Path, hour: int) -> Iterator[Path]:
    """Those published in an hour, as the folder gives them: there may be very many."""
    folder = journals.published_folder(data) / f"{hour}"
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX) and entry.name.count(".") > 2:
                yield Path(entry.path)


def _look_after(store: Store, path: Path, found: dict[str, Healed]) -> bool:
    """Whether the branch has all that a journal says, from now on if it had not."""
    from mlgit.runs.mend import is_there, mend

    run_id = path.name.partition(".")[0]
    if run_id not in found and not is_there(store, path):
        hours = _hours(store.data)
        folders = [_journals_in(store.data, hour) for hour in hours]
        paths = [one for one in chain(*folders) if one.name.partition(".")[0] == run_id]
        healed = mend(store, run_id, paths)
        if healed is not None:
            found[run_id] = healed
    return run_id not in found or found[run_id].problem is None


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()
