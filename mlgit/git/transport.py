"""The branch to and from a remote, through the git program: its credentials, proxies and ssh."""

from __future__ import annotations

import os
import re
from enum import Enum
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import RemoteFailed

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

DEFAULT_TIMEOUT = 300.0  # seconds of one transfer
_QUICK = 60.0  # of a question
_MISSING = re.compile(r"[Cc]ouldn't find remote ref")
_RACED = ("fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref")


class Pushed(Enum):
    """What became of a push."""

    DONE = "done"
    UP_TO_DATE = "up to date"
    RACED = "raced"  # the remote's branch has moved on


class Transport:
    """One remote of a repository, and the branch on it that holds the store.

    Attributes:
        remote: Its name, or a URL.
        branch: The short name of the branch.
        tracking: The local ref that remembers where the remote's branch was.
    """

    def __init__(self, repository: Repository, remote: str, branch: str) -> None:
        self._repository = repository
        self.remote, self.branch = remote, branch
        self.tracking = f"refs/remotes/{remote}/{branch}"

    def fetch(self, timeout: float = DEFAULT_TIMEOUT) -> Oid | None:
        """Bring what is new, and the tip of the remote's branch; None where it has none.

        Raises:
            RemoteFailed: It cannot be reached, or took longer than `timeout` seconds.
        """
        ref = f"refs/heads/{self.branch}"
        options = ["--no-tags", "--no-auto-gc", "--no-recurse-submodules", "--no-write-fetch-head"]
        refspec = f"+{ref}:{self.tracking}"
        done = self._git(["fetch", "--quiet", *options, self.remote, refspec], timeout)
        if done.returncode and _MISSING.search(done.stderr.decode("utf-8", "replace")):
            return None
        if done.returncode:
            raise _failed(self.remote, "fetch from", done)
        self._repository.objects.refresh()
        return self._repository.refs.read(self.tracking)

    def tips(self, timeout: float = _QUICK) -> dict[str, Oid]:
        """Every branch of the remote by its full name.

        Raises:
            RemoteFailed: As `fetch`.
        """
        done = self._git(["ls-remote", "--heads", self.remote], timeout)
        if done.returncode:
            raise _failed(self.remote, "reach", done)
        lines = (line.split(b"\t", 1) for line in done.stdout.splitlines())
        return {name.decode("utf-8", "replace"): oid for oid, name in lines}

    def push(self, commit: Oid, timeout: float = DEFAULT_TIMEOUT) -> Pushed:
        """Move the remote's branch on to `commit`, never backwards.

        Where the answer got lost, the remote is asked whether the branch has moved.

        Raises:
            RemoteFailed: It cannot be reached, or refuses.
        """
        ref = f"refs/heads/{self.branch}"
        done = self._git(["push", "--porcelain", self.remote, f"{commit.decode()}:{ref}"], timeout)
        flag, words = _verdict(done.stdout.decode("utf-8", "replace"), ref)
        if flag == "=":
            return Pushed.UP_TO_DATE
        if done.returncode == 0:
            return Pushed.DONE
        if flag == "!" and any(reason in words for reason in _RACED):
            return Pushed.RACED
        if flag != "!" and self._has_arrived(ref, commit):
            return Pushed.DONE
        raise _failed(self.remote, "push to", done, words)

    def _has_arrived(self, ref: str, commit: Oid) -> bool:
        try:
            return self.tips().get(ref) == commit
        except RemoteFailed:
            return False

    def _git(self, args: list[str], timeout: float) -> process.Completed:
        # From the work tree's top, as git itself: a remote may be a path relative to it.
        where, top = self._repository.git_dir, self._repository.work_tree
        try:
            return process.git(args, git_dir=where, work_tree=top, timeout=timeout, check=False)
        except process.CommandFailed as error:
            if error.facts.get("returncode") is None and process.git_program() is not None:
                raise RemoteFailed(
                    f"{_named(self.remote)} did not answer within {timeout:.0f} s",
                    "look at the network, then run the command again: nothing is lost",
                    remote=_named(self.remote),
                    said="",
                ) from error
            raise


def _verdict(porcelain: str, ref: str) -> tuple[str, str]:
    """The flag that `git push --porcelain` gives a ref, and the words behind it."""
    for line in porcelain.splitlines():
        parts = line.split("\t")
        if len(parts) == 3 and parts[1].endswith(f":{ref}"):
            return parts[0], parts[2]
    return "", ""


def _failed(remote: str, action: str, done: process.Completed, words: str = "") -> RemoteFailed:
    said = done.stderr.decode("utf-8", "replace").strip()
    return RemoteFailed(
        f"cannot {action} {_named(remote)}: {words or _last_line(said)}",
        _hint(f"{said} {words}"),
        remote=_named(remote),
        said=said[-2000:],
    )


def _hint(said: str) -> str:
    if "protected branch" in said or "pre-receive hook declined" in said:
        return "ask for the right to push to this branch, or have the rule leave it out"
    if any(word in said for word in ("Authentication", "Permission denied", "could not read")):
        return "log in as for `git push`, then run the command again: nothing is lost"
    return "see whether `git fetch` works, then run the command again: nothing is lost"


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:", "remote:"))]
    return (lines or said.splitlines() or ["it said nothing"])[0].partition(": ")[2] or said


def _named(remote: str) -> str:
    """The remote without a password that its URL may hold."""
    return re.sub(r"(://)[^/@]*@", r"\1", remote) if "://" in remote else os.fspath(remote)
