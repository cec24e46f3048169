"""The folder beside the branch, `.git/mlgit`: private, real, and with the id of this clone."""

from __future__ import annotations

import os
from pathlib import Path

from mlgit.errors import StorageFailed
from mlgit.git.sharing import inherit, share_folder
from mlgit.times import random_bytes


def private_folder(path: Path, shared: int = 0) -> Path:
    """Make the folder `path` (mode 0700) below an existing one, unless it is there.

    `shared` are the permission bits that others get besides, as `shared_mode` gives them.

    Raises:
        StorageFailed: It cannot be made, or is a link: an unpacked `.git` could lead us anywhere.
    """
    try:
        path.mkdir(mode=0o700)
        share_folder(os.fspath(path), shared)
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise StorageFailed(
                f"{path} is not a folder of its own",
                f"look where it leads, then remove it: {path}",
                path=str(path),
            ) from None
    except OSError as error:
        raise StorageFailed(f"cannot make {path}: {error.strerror}", path=str(path)) from error
    return path


def writer_id(state: Path, common_dir: Path) -> str:
    """The id of this clone on this machine: 12 hex digits, minted anew after a copy or a move.

    It names what this clone writes (segments, edits), so two clones must never share one: a
    copied `.git` has another inode, an image started twice another host.

    Raises:
        StorageFailed: It is not there and cannot be written.
    """
    path = state / "writer"
    place = _place(common_dir)
    known = _read(path)
    if known is not None and known[1:] == place:
        return known[0]
    return _mint(path, place)


def _place(common_dir: Path) -> tuple[str, str]:
    # The device number is left out: it may differ after a restart, as on network file systems.
    return host_name().replace("\n", " "), str(common_dir.stat().st_ino)


def host_name() -> str:
    """The name of this machine, without a network look-up."""
    uname = getattr(os, "uname", None)
    return str(uname().nodename) if uname else os.environ.get("COMPUTERNAME", "")


def _read(path: Path) -> tuple[str, str, str] | None:
    """(id, host, place) as the file says; None when it is missing or not ours."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    if len(lines) != 3 or len(lines[0]) != 12 or set(lines[0]) - set("0123456789abcdef"):
        return None
    return lines[0], lines[1], lines[2]


def _mint(path: Path, place: tuple[str, str]) -> str:
    """Write a new id; processes that mint at the same moment each have a good one."""
    temporary = path.with_name(f"writer.{random_bytes(6).hex()}")
    minted = random_bytes(6).hex()
    try:
        temporary.write_text("\n".join((minted, *place)) + "\n", "utf-8")
        inherit(temporary)
        temporary.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}", path=str(path)) from error
    return minted
