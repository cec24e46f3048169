"""Hooks that git itself runs: put where it looks for them, never in place of somebody else's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import AlreadyExists, InvalidState
from mlgit.git.files import read_file, refusals, replace_file

if TYPE_CHECKING:
    from mlgit.git.repository import Repository

MARK = b"# mlgit hook: "
BEFORE = ".before-mlgit"  # the shims know it, too


class Installed(NamedTuple):
    """Where a hook of ours is, and whether it calls one that was there before."""

    path: Path
    calls: bool


def hooks_folder(repository: Repository) -> Path:
    """Where git looks for hooks: `core.hooksPath`, else the folder that all work trees share.

    Raises:
        InvalidState: Hooks are switched off.
    """
    named = repository.config_get("core", "hookspath")
    if named is None:
        return repository.common_dir / "hooks"
    folder = (repository.work_tree or repository.git_dir) / Path(named).expanduser()
    if not named or (folder.exists() and not folder.is_dir()):
        raise InvalidState(
            f"hooks are switched off here: core.hooksPath is {named!r}",
            "git config --unset core.hooksPath",
        )
    return folder


def install(repository: Repository, name: str, shim: bytes, *, before: bool = False) -> Installed:
    """Put a shim where git runs it as the hook `name`; an older one of ours is replaced.

    Args:
        repository: Whose hook it is to be.
        name: Such as `pre-push`.
        shim: The program.
        before: Keep a hook of somebody else's beside it, for the shim to call first.

    Raises:
        AlreadyExists: There is a hook of somebody else's, which was left alone.
        InvalidState: Hooks are switched off.
        StorageFailed: The disk refused.
    """
    path = hooks_folder(repository) / name
    kept = _kept(path)
    if os.path.lexists(path) and not is_ours(path):
        if not before or os.path.lexists(kept):
            raise AlreadyExists(f"there is a hook already: {path}", path=os.fspath(path))
        with refusals(kept, "write"):
            path.rename(kept)
    with refusals(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, shim, durable=False)
    with refusals(path, "write"):
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # whoever may read it may run it
    return Installed(path, os.path.lexists(kept))


def uninstall(repository: Repository, name: str) -> Path | None:
    """Take a hook of ours away and put back what was there before it; None where there is none.

    Raises:
        InvalidState: Hooks are switched off.
        StorageFailed: The disk refused.
    """
    path = hooks_folder(repository) / name
    kept = _kept(path)
    if not is_ours(path):
        return None
    with refusals(path, "remove"):
        if os.path.lexists(kept):
            kept.replace(path)
        else:
            path.unlink()
    return path


def is_ours(path: Path) -> bool:
    """Whether mlgit wrote the hook at `path`."""
    try:
        return MARK in read_file(path)[:200]
    except OSError:
        return False


def _kept(path: Path) -> Path:
    return path.with_name(path.name + BEFORE)
