"""Whether many write at a remote just now: then a push goes to its inbox, too, from the start."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import MlgitError
from mlgit.git.files import read_file, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.store.store import Store

_REMEMBERED = 5 * 60 * 1000  # milliseconds


def note_race(store: Store, remote: str) -> None:
    """Remember that others were faster at a remote; where the disk refuses it is forgotten."""
    with suppress(MlgitError, OSError):
        store.make_folders()
        lines = {**_races(store), remote: times.now_ms()}
        text = "".join(f"{at} {name}\n" for name, at in lines.items())
        replace_file(_path(store), text.encode(), durable=False)


def raced_lately(store: Store, remote: str) -> bool:
    """Whether others were faster at a remote a short time ago."""
    at = _races(store).get(remote)
    return at is not None and abs(times.now_ms() - at) < _REMEMBERED


def _races(store: Store) -> dict[str, int]:
    try:
        lines = read_file(_path(store)).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(" ") for line in lines)
    return {name: int(at) for at, _, name in pairs if at.isascii() and at.isdigit()}


def _path(store: Store) -> Path:
    return store.cache / "races.txt"
