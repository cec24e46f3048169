"""The code a run is made with: commit, branch and what is not committed.

git's own configuration is not read for the difference, so no filter, text conversion, external
diff, hook or file-system monitor that a repository names can run: git is pointed at an empty
repository of ours that borrows the objects of the real one and has a copy of its index (which
`git diff` rewrites when the times of files have changed).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit import process, times
from mlgit.errors import MlgitError, StorageFailed
from mlgit.git.sharing import shared_mode
from mlgit.store.state import private_folder

if TYPE_CHECKING:
    from mlgit.git.repository import Repository

_TIMEOUT = 10.0  # seconds; a work tree that takes longer to compare is left out
# What decides how a file of the work tree compares with its committed bytes, and runs nothing.
_HARMLESS = (
    ("core", "autocrlf"),
    ("core", "eol"),
    ("core", "filemode"),
    ("core", "ignorecase"),
    ("core", "precomposeunicode"),
    ("core", "symlinks"),
)
_KEPT = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH")


class WorkTree(NamedTuple):
    """What is checked out: commit and branch (empty where there is none), uncommitted changes.

    Attributes:
        difference: The diff of tracked files against the commit; None where it is not known.
        has_script: Whether the program that runs is one of the tracked files; None where it lies
            elsewhere.
        trouble: Why `difference` is not known; empty where it is.
    """

    commit: str = ""
    branch: str = ""
    difference: bytes | None = None
    has_script: bool | None = None
    trouble: str = ""


def look(repository: Repository, script: Path | None = None) -> WorkTree:
    """The work tree as it is now; what cannot be found out is left out, with the reason.

    Args:
        repository: Where the code is.
        script: The program that runs; absolute.
    """
    commit, branch = head(repository)
    if repository.work_tree is None or not commit:
        return WorkTree(commit, branch)
    if process.git_program() is None:
        return WorkTree(commit, branch, trouble="the git program is not installed")
    try:
        with _decoy(repository) as decoy:
            difference = _git(repository, decoy, *_DIFF, commit, "--")
            has_script = _is_tracked(repository, decoy, script)
    except (MlgitError, OSError) as error:
        return WorkTree(commit, branch, trouble=f"git cannot compare: {str(error)[:200]}")
    return WorkTree(commit, branch, difference, has_script)


_DIFF = (
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative"),
    *("--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/"),
)


def _is_tracked(repository: Repository, decoy: Path, script: Path | None) -> bool | None:
    work_tree = repository.work_tree
    if script is None or work_tree is None or not script.is_relative_to(work_tree):
        return None
    name = f":(literal,top){script.relative_to(work_tree).as_posix()}"
    return bool(_git(repository, decoy, "ls-files", "-z", "--", name))


def head(repository: Repository) -> tuple[str, str]:
    """Commit and branch of HEAD; empty before the first commit and where HEAD is no branch."""
    try:
        text = (repository.git_dir / "HEAD").read_text("utf-8").strip()
        if not text.startswith("ref: "):
            return (text if len(text) == 40 else ""), ""
        oid = repository.refs.read(text[5:])
    except (OSError, UnicodeDecodeError, MlgitError):
        return "", ""
    return (oid or b"").decode(), text[5:].removeprefix("refs/heads/")


@contextmanager
def _decoy(repository: Repository) -> Iterator[Path]:
    """An empty repository for git to believe in.

    Made anew each time: what lies in a `.git` that came with an archive is not to be believed.
    """
    folder = _decoy_folder(repository)
    try:
        for name in ("objects", "refs"):
            (folder / name).mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        for index in (repository.git_dir / "index", *repository.git_dir.glob("sharedindex.*")):
            if index.exists():
                (folder / index.name).write_bytes(index.read_bytes())
        yield folder
    finally:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def _decoy_folder(repository: Repository) -> Path:
    """A new private folder: of the system where nothing can be written beside the repository."""
    folder = repository.state_dir / f"decoy-{times.random_bytes(6).hex()}"
    try:
        private_folder(repository.state_dir, shared_mode(repository.config))
        folder.mkdir(mode=0o700)
    except (OSError, StorageFailed):
        if repository.state_dir.is_symlink():
            raise
        from tempfile import mkdtemp

        return Path(mkdtemp(prefix="mlgit-"))
    return folder


def _git(repository: Repository, decoy: Path, *command: str) -> bytes:
    env = {key: value for key, value in os.environ.items() if key in _KEPT}
    env.update(
        GIT_DIR=str(decoy),
        GIT_WORK_TREE=str(repository.work_tree),
        GIT_OBJECT_DIRECTORY=str(repository.common_dir / "objects"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_ATTR_NOSYSTEM="1",
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        HOME=str(decoy),
        LC_ALL="C",
    )
    values = [(f"{s}.{k}", repository.config_get(s, k)) for s, k in _HARMLESS]
    options = [part for key, v in values if v is not None for part in ("-c", f"{key}={v}")]
    argv = [process.git_program() or "git", "-c", "core.quotePath=false", *options, *command]
    return process.run(argv, cwd=repository.work_tree, env=env, timeout=_TIMEOUT).stdout
