"""Where the repository is: the way git looks for it, and the reasons not to use what is found."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import Damaged, NotARepository, Unsupported
from mlgit.git.config import Config
from mlgit.git.files import storage_failed

_KNOWN_EXTENSIONS = {
    "noop",
    "objectformat",
    "partialclone",
    "preciousobjects",
    "refstorage",
    "relativeworktrees",
    "worktreeconfig",
}


class Place(NamedTuple):
    """The folders of one repository; `work_tree` is None for a bare one."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None


def find(start: Path | None = None) -> Place:
    """The repository that contains `start` (default: the current folder), as git would find it.

    `GIT_DIR` wins over the search only when no `start` is given.

    Raises:
        NotARepository: There is none.
        Damaged: A `.git` file or `commondir` is unreadable.
    """
    named = os.environ.get("GIT_DIR") if start is None else None
    if named:
        git_dir = Path(named).absolute()
        git_dir = _follow_git_file(git_dir) if git_dir.is_file() else git_dir
        if not _is_git_dir(git_dir):
            raise NotARepository(f"GIT_DIR is {named}, which is not a repository", "unset GIT_DIR")
        return _place(git_dir, _named_work_tree(git_dir))
    here = Path.cwd() if start is None else start.absolute()
    ceilings = {Path(p) for p in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep)}
    for folder in [here, *here.parents]:
        found = _look_in(folder)
        if found:
            return found
        if folder.parent in ceilings:
            break
    raise NotARepository(
        f"no git repository at {here} or above",
        "run `git init` first, or go to your project's folder",
        path=os.fspath(here),
    )


def exactly_at(folder: Path) -> Place | None:
    """The repository whose work tree or own folder this is, or None; nothing above is looked at.

    Raises:
        Damaged: A `.git` file or `commondir` is unreadable.
    """
    return _look_in(folder.absolute())


def _look_in(folder: Path) -> Place | None:
    inner = folder / ".git"
    if inner.is_file():
        return _place(_follow_git_file(inner), folder)
    if _is_git_dir(inner):
        return _place(inner, folder)
    if _is_git_dir(folder):
        return _place(folder, None)
    return None


def _place(git_dir: Path, work_tree: Path | None) -> Place:
    return Place(git_dir, _common_dir(git_dir), work_tree)


def quarantined_from() -> list[str]:
    """Where the objects are that a push builds on, while its own are still set apart by git."""
    named = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    quoted = re.findall(rf'(?:"((?:[^"\\]|\\.)*)"|([^{os.pathsep}]+)){os.pathsep}?', named)
    return [re.sub(r"\\(.)", r"\1", escaped) or plain for escaped, plain in quoted]


def configured_work_tree(place: Place, config: Config) -> Path | None:
    """The work tree, where `core.worktree` says that it is elsewhere."""
    named = config.of_repository("core", "worktree")
    if place.work_tree is None or not named or os.environ.get("GIT_WORK_TREE"):
        return place.work_tree
    return Path(os.path.normpath(place.git_dir / named))


def _named_work_tree(git_dir: Path) -> Path | None:
    """With `GIT_DIR` alone git takes the current folder for the work tree, unless it is bare."""
    named = os.environ.get("GIT_WORK_TREE")
    if named:
        return Path(named).absolute()
    config = Config(git_dir, _common_dir(git_dir))
    return None if config.flag("core", "bare", default=False) else Path.cwd()


def _is_git_dir(path: Path) -> bool:
    if not os.path.lexists(path / "HEAD"):
        return False
    common = _common_dir(path)
    return (common / "objects").is_dir() and (common / "refs").is_dir()


def _common_dir(git_dir: Path) -> Path:
    named = os.environ.get("GIT_COMMON_DIR") if os.environ.get("GIT_DIR") else None
    if named:
        return Path(named).absolute()
    pointer = git_dir / "commondir"
    try:
        text = pointer.read_text("utf-8", "surrogateescape").rstrip("\r\n")
    except (FileNotFoundError, NotADirectoryError):
        return git_dir
    except OSError as error:
        raise storage_failed(error, pointer, "read") from error
    return Path(os.path.normpath(git_dir / text))


def _follow_git_file(pointer: Path) -> Path:
    try:
        text = pointer.read_bytes()[:65536].decode("utf-8", "surrogateescape")
    except OSError as error:
        raise storage_failed(error, pointer, "read") from error
    target = Path(os.path.normpath(pointer.parent / text[8:].rstrip("\r\n")))
    if not text.startswith("gitdir: ") or not _is_git_dir(target):
        raise Damaged(
            f"{pointer} does not lead to a repository",
            "run `git worktree repair`, or `git submodule update --init` in the outer repository",
            path=os.fspath(pointer),
            reason="the folder it names is no git folder",
        )
    return target


def refuse_unsupported(config: Config, common_dir: Path) -> None:
    """Stop before a repository whose format this version could spoil.

    Raises:
        Unsupported: SHA-256 objects, reftable refs, an unknown extension or format version.
    """
    version = config.get("core", "repositoryformatversion") or "0"
    if version not in {"0", "1"}:
        raise _unsupported(common_dir, f"format version {version}")
    names = config.names_in("extensions")
    unknown = [] if version == "0" else sorted(set(names) - _KNOWN_EXTENSIONS)
    if unknown:
        raise _unsupported(common_dir, f"the extension {unknown[0]}")
    object_format = config.get("extensions", "objectformat") or "sha1"
    if object_format.lower() != "sha1":
        raise _unsupported(common_dir, f"{object_format.upper()} objects")
    storage = config.get("extensions", "refstorage") or "files"
    if storage.lower() != "files" or (common_dir / "reftable").is_dir():
        raise _unsupported(common_dir, "reftable refs")


def _unsupported(common_dir: Path, what: str) -> Unsupported:
    return Unsupported(
        f"the repository {common_dir} uses {what}, which mlgit cannot write safely yet",
        "keep the runs in a repository of their own: git init ../runs && cd ../runs && mlgit init",
        path=os.fspath(common_dir),
        feature=what,
    )
