"""`core.sharedRepository`: files that colleagues of one machine may read, or write, too."""

from __future__ import annotations

import os

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
