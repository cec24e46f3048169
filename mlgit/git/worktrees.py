"""Which branches are checked out where: in the main work tree and in linked ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.files import read_file, storage_failed

if TYPE_CHECKING:
    from mlgit.git.discovery import Place


def checked_out_branches(place: Place, *, bare: bool) -> dict[str, Path]:
    """Full ref name of each checked-out branch and its work tree; a bare HEAD does not count.

    Args:
        place: The folders of the repository.
        bare: Whether the repository has no main work tree.

    Raises:
        StorageFailed: A HEAD cannot be read.
    """
    found: dict[str, Path] = {}
    if not bare:
        is_main = place.git_dir == place.common_dir
        _note(found, place.common_dir, (is_main and place.work_tree) or place.common_dir.parent)
    try:
        linked = sorted(os.listdir(place.common_dir / "worktrees"))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return found
    for name in linked:
        state = place.common_dir / "worktrees" / name
        _note(found, state, _linked_tree(state))
    return found


def _note(found: dict[str, Path], state: Path, tree: Path) -> None:
    text = _first_line(state / "HEAD")
    if text.startswith("ref:"):
        found.setdefault(text[4:].strip(), tree)


def _linked_tree(state: Path) -> Path:
    pointer = _first_line(state / "gitdir")
    return Path(os.path.normpath(state / pointer)).parent if pointer else state


def _first_line(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8", "surrogateescape").partition("\n")[0].strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise storage_failed(error, path, "read") from error
