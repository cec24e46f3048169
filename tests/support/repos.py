"""Real repositories for tests, and what must not change in them."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path


def git(path: Path, *args: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the git program in `path`."""
    return subprocess.run(["git", *args], cwd=path, text=True, capture_output=True, check=check)


def make_repo(path: Path, *, bare: bool = False) -> Path:
    """A new repository; with a work tree it has one commit of one file on `main`."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main", *(["--bare"] if bare else []), check=True)
    if not bare:
        (path / "train.py").write_text("print('training')\n")
        git(path, "add", "train.py", check=True)
        git(path, "commit", "-q", "-m", "first", check=True)
    return path


def footprint(path: Path) -> dict[str, str]:
    """Digest of every file that mlgit must never touch: the work tree and git's own state.

    Left out: objects, the data branch with its reflog and remote-tracking ref, `.git/mlgit`,
    and `refs/mlgit`.
    """
    ours = re.compile(
        r"\.git/(objects/|mlgit/|(logs/)?refs/(heads/mlgit|mlgit/|remotes/[^/]+/mlgit$))"
    )
    found = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and not ours.match(name):
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found
