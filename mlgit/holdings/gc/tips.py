"""Every name in a repository by which a history can be reached: refs, HEADs, reflogs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.git.files import read_file, refusals
from mlgit.git.oid import ZERO, Oid, is_oid

if TYPE_CHECKING:
    from mlgit.git.repository import Repository

_HEAD = re.compile(r"[A-Z_]*HEAD").fullmatch
_STASH = "refs/stash"


class Tip(NamedTuple):
    """An object that something names.

    Attributes:
        name: What names it.
        oid: A commit, mostly; anything a tag may point to.
        current: Whether it stands for now, as a ref does; else for something that was.
    """

    name: str
    oid: Oid
    current: bool


def tips(repository: Repository) -> Iterator[Tip]:
    """All of them but the stash.

    Raises:
        Damaged: A ref, a HEAD or a reflog does not say what it should.
        StorageFailed: One cannot be read.
    """
    refs = repository.refs
    for name in refs.names("refs/"):
        oid = None if name == _STASH or _is_symbolic(repository, name) else refs.read(name)
        if oid is not None:
            yield Tip(name, oid, current=True)
    linked = _folders(repository.common_dir / "worktrees")
    for state in dict.fromkeys([repository.common_dir, repository.git_dir, *linked]):
        yield from _heads(state)
        yield from _logged(state / "logs")


def _is_symbolic(repository: Repository, name: str) -> bool:
    """Whether a ref stands for another one, which is among the names, too."""
    try:
        return read_file(repository.common_dir / name).startswith(b"ref:")
    except OSError:  # packed, or the reading of it says why not
        return False


def _folders(path: Path) -> list[Path]:
    with refusals(path, "list"):
        return sorted(one for one in path.iterdir() if one.is_dir()) if path.is_dir() else []


def _heads(state: Path) -> Iterator[Tip]:
    """HEAD where it is detached, and what git notes of fetches and merges."""
    with refusals(state, "list"):
        names = sorted(filter(_HEAD, os.listdir(state)))  # noqa: PTH208 - names are wanted
    for name in names:
        path = state / name
        with refusals(path, "read"):
            lines = read_file(path).splitlines()
        words = [line.partition(b"\t")[0].strip() for line in lines]
        if name == "HEAD" and not (words and (words[0].startswith(b"ref:") or is_oid(words[0]))):
            raise _damaged(path, "it names no branch and no commit")
        yield from (Tip(name, word, name == "HEAD") for word in words if is_oid(word))


def _logged(logs: Path) -> Iterator[Tip]:
    for where, _, names in os.walk(logs, onerror=_unless_absent):
        for path in sorted(Path(where, name) for name in names):
            name = path.relative_to(logs).as_posix()
            if name == _STASH or name.endswith(".lock"):
                continue
            with refusals(path, "read"):
                lines = read_file(path).splitlines()
            for oid in dict.fromkeys(oid for line in lines for oid in _moved(line, path)):
                yield Tip(f"the reflog of {name}", oid, current=False)


def _moved(line: bytes, path: Path) -> list[Oid]:
    """Where a ref was and went to, as a line of its reflog says."""
    found = line.split(b" ", 2)[:2]
    if len(found) < 2 or not all(map(is_oid, found)):
        raise _damaged(path, "a line of this reflog cannot be read")
    return [oid for oid in found if oid != ZERO]


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        with refusals(error.filename, "list"):
            raise error


def _damaged(path: Path, reason: str) -> Damaged:
    return Damaged(
        f"{path} is damaged: {reason}; what it named is not known, so nothing is removed",
        "see `git fsck`; set it right, then run the command again",
        path=str(path),
        reason=reason,
    )
