"""Where the store of a folder is: its repository, or one of its own that this one names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import Damaged, InvalidValue, NoStore, NotARepository
from mlgit.git.repository import Repository

REDIRECT = "store"
"""The file in `.git/mlgit` that says the store is in a repository of its own."""

OWN_REPOSITORY = Path("data", "store.git")
"""Where that repository is, below `.git/mlgit`: nowhere else, a copied `.git` names no paths."""

_BRANCH = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|[./](?=[A-Za-z0-9_])){0,99}"


class Located(NamedTuple):
    """The repositories of one store.

    Attributes:
        home: The user's repository.
        repository: The one that holds the data branch; mostly the same.
        branch: The name of the data branch.
    """

    home: Repository
    repository: Repository
    branch: str


def locate(path: Path | None = None) -> Located:
    """The repositories of the store for `path` (default: `MLGIT_REPO`, else the current folder).

    Raises:
        NotARepository: There is no repository.
        InvalidValue: `MLGIT_BRANCH` is no name of a branch.
        Damaged, Unsupported: The repository cannot be used.
    """
    branch = branch_name()
    home = discover(path)
    own = own_repository(home)
    return Located(home, home if own is None else Repository.discover(own), branch)


def branch_name() -> str:
    """The name of the data branch: `mlgit`, or what `MLGIT_BRANCH` says."""
    name = os.environ.get("MLGIT_BRANCH", "")
    if not name:
        return "mlgit"
    if not re.fullmatch(_BRANCH, name) or name.endswith(".lock") or ".lock/" in name:
        raise InvalidValue(f"MLGIT_BRANCH is {name[:100]!r}, which is no name of a branch")
    return name


def discover(path: Path | None = None) -> Repository:
    """The user's repository (see `locate`)."""
    named = os.environ.get("MLGIT_REPO")
    start = Path(named) if path is None and named else path
    if start is not None and not start.is_dir():
        what = "MLGIT_REPO names" if path is None else "there is no folder"
        raise NotARepository(f"{what} {start}", "name a folder inside a git repository")
    try:
        return Repository.discover(start)
    except NotARepository as error:
        where = Path.cwd() if start is None else start
        raise NotARepository(
            f"{where} is not inside a git repository",
            "git init && mlgit init    (or: mlgit -C <folder> ...)",
            path=os.fspath(where),
        ) from error


def own_repository(home: Repository) -> Path | None:
    """The repository of its own that `home` keeps its store in; None when there is none.

    Raises:
        Damaged: The file that names it says something else.
    """
    path = home.state_dir / REDIRECT
    try:
        said = path.read_bytes()[:200].decode("utf-8", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if said != OWN_REPOSITORY.as_posix():
        raise Damaged(
            f"{path} should say {OWN_REPOSITORY.as_posix()}, not {said[:60]!r}",
            f"remove it and run `mlgit init` again: {path}",
            path=os.fspath(path),
            reason="the store is named in a place where it never is",
        )
    return home.state_dir / OWN_REPOSITORY


def no_store(repository: Repository, branch: str) -> NoStore:
    """The error that says why nothing can be read, and the way to a store."""
    remotes = repository.config.subsections("remote")
    for remote in remotes:
        if not _fetches(repository, remote, branch):
            return NoStore(
                f"branch {branch!r} was not fetched (a single-branch clone of {remote!r})",
                f"git fetch {remote} {branch}:refs/remotes/{remote}/{branch}"
                "    (or, if nobody has a store yet: mlgit init)",
                branch=branch,
                remote=remote,
            )
    where = f"here or on {', '.join(map(repr, remotes))}" if remotes else "here"
    colleague = f"    (if a colleague has one: git fetch {remotes[0]} {branch})" if remotes else ""
    return NoStore(
        f"this repository has no mlgit store (no branch {branch!r} {where})",
        f"mlgit init{colleague}",
        branch=branch,
    )


def _fetches(repository: Repository, remote: str, branch: str) -> bool:
    """Whether a plain `git fetch` brings the branch."""
    refspec = repository.config_get(f"remote.{remote}", "fetch") or ""
    source = refspec.lstrip("+").partition(":")[0]
    head, star, tail = source.partition("*")
    full = f"refs/heads/{branch}"
    return full.startswith(head) and full.endswith(tail) if star else full == source
