"""A commit as people write it: a branch, a tag, `mlgit~3`, or its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import NotFound
from mlgit.process import CommandFailed, git

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository


def commit_of(repository: Repository, revision: str) -> Oid:
    """The id of the commit that git knows by that name.

    Raises:
        NotFound: It knows none.
    """
    named = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        return git(named, git_dir=repository.git_dir).stdout.strip()
    except CommandFailed as error:
        raise NotFound(f"git knows no commit {revision!r}.", hint="git log mlgit") from error
