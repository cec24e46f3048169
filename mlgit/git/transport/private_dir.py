"""A git directory for one command: the repository's objects and settings, refs of its own.

What the git program writes as refs it does not force to disk, and a lock that it leaves when it
is killed blocks whoever comes next. Below `refs/worktree/` each work tree has its own refs, so a
directory that looks like a linked work tree's keeps them out of the repository; what is in them
afterwards is written to the repository by `refs.py`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git.holder import age_seconds

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

OWN = "refs/worktree/"
_PREFIX = "fetch-"
_FORGOTTEN = 24 * 3600.0  # seconds after which its command is surely over


@contextmanager
def private_dir(repository: Repository) -> Iterator[Path]:
    """A git directory that is removed at the end, with all refs below `OWN` in it."""
    state = repository.state_dir
    state.mkdir(parents=True, exist_ok=True)
    _remove_forgotten(state)
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=state))
    try:
        (place / "HEAD").write_text("ref: refs/heads/none\n", "utf-8")
        (place / "commondir").write_text(f"{repository.common_dir.resolve()}\n", "utf-8")
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def refs_in(place: Path) -> dict[str, Oid]:
    """The refs below `OWN`, by the rest of their names."""
    root = place / OWN
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes().strip() for path in files}


def _remove_forgotten(state: Path) -> None:
    for path in state.glob(f"{_PREFIX}*"):
        if age_seconds(path) > _FORGOTTEN:
            shutil.rmtree(path, ignore_errors=True)
