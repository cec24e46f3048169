"""`core.sharedRepository`: files that colleagues of one machine may read, or write, too.

What git knows of gets the bits of the setting. Our own folder gets them too, and all below it those
of the folder it is in, so that who writes there need not know the setting.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.config import Config

_GROUP, _EVERYONE = 0o660, 0o664
_BY_NAME = {
    **dict.fromkeys(("group", "true", "1", "yes", "on"), _GROUP),
    **dict.fromkeys(("all", "world", "everybody", "2"), _EVERYONE),
}


def shared_mode(config: Config) -> int:
    """Permission bits that every file of the repository gets besides the umask's; 0 for none."""
    value = (config.get("core", "sharedrepository") or "").lower()
    if value.startswith("0") and value.isdigit() and len(value) > 1:
        try:
            return int(value, 8) & 0o666
        except ValueError:
            return 0
    return _BY_NAME.get(value, 0)


def share(path: str, bits: int) -> None:
    """Add the bits to a file; what its owner may not write, no one may."""
    if bits:
        mode = os.stat(path).st_mode & 0o777  # noqa: PTH116
        os.chmod(path, mode | (bits if mode & 0o200 else bits & 0o444))  # noqa: PTH101


def share_folder(path: str, bits: int) -> None:
    """Add the bits to a folder, with the right to enter it; new files get its group."""
    if bits:
        mode = os.stat(path).st_mode & 0o7777  # noqa: PTH116
        os.chmod(path, mode | bits | (bits & 0o444) >> 2 | 0o2000)  # noqa: PTH101


def inherit(path: str | os.PathLike[str]) -> None:
    """Open a new file or folder to those whom the folder it is in is open to, if that is shared."""
    above = os.stat(os.path.dirname(path)).st_mode  # noqa: PTH116, PTH120
    bits = above & 0o066 if above & stat.S_ISGID else 0
    if bits:
        place = os.fspath(path)
        with suppress(PermissionError):  # another user was faster to make it
            share_folder(place, bits) if os.path.isdir(place) else share(place, bits)  # noqa: PTH112


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, each as open as the one that it is in."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir()
        inherit(path)


def open_or_make(path: Path, flags: int) -> int:
    """A descriptor of a file that is made where it is missing, as open as its folder.

    Raises:
        OSError: As `os.open` does.
    """
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        make_folder(path.parent)
    fd = os.open(path, flags | os.O_CREAT, 0o666)
    inherit(path)
    return fd
