"""What is asked of a remote, whichever way it is reached: fetch, look, push."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from enum import Enum
from hashlib import sha1
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mlgit.errors import InvalidValue, RemoteFailed

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

INBOX = "refs/mlgit/inbox/"
HEADS = "refs/heads/"
QUICK = 60.0  # seconds that a question may take
CONNECT = 10  # seconds to reach a host
IDLE = 60  # seconds without a byte
_UNREAD = "Could not read from remote repository"
SSH = f"ssh -o ConnectTimeout={CONNECT} -o ServerAliveInterval={IDLE // 4}"


class Pushed(Enum):
    """What became of one ref of a push."""

    DONE = "done"
    UP_TO_DATE = "up to date"
    RACED = "raced"  # the remote's ref has moved meanwhile
    REFUSED = "refused"  # the remote does not let it be changed


class Update(NamedTuple):
    """One ref of a push.

    Attributes:
        ref: Its full name at the remote.
        new: What it is to be; None deletes it.
        old: With `force` or to delete: what the remote must still have.
        force: Also backwards or sideways; else only forwards (fast-forward or creation).
    """

    ref: str
    new: Oid | None
    old: Oid | None = None
    force: bool = False


class Fetched(NamedTuple):
    """What the remote has now.

    Attributes:
        tip: Its branch; None where it has none.
        inbox: Its refs below `refs/mlgit/inbox/` by full name.
    """

    tip: Oid | None
    inbox: dict[str, Oid]


class Transport(Protocol):
    """One remote of a repository, and the branch on it that holds the store.

    A `timeout` is in seconds and None stands for the usual one; see `default_timeout`.

    Attributes:
        remote: Its name, or a URL or path.
        branch: The short name of the branch.
        tracking: The local ref that remembers where the remote's branch was.
        memory: Where the local refs begin that remember the remote's inbox.
    """

    remote: str
    branch: str
    tracking: str
    memory: str

    def fetch(self, timeout: float | None = None) -> Fetched:
        """Bring the branch and the inbox with all they need, and remember where they are.

        What the remote's inbox has no more is forgotten here, too.

        Raises:
            RemoteFailed: It cannot be reached, or took too long; nothing has changed.
        """

    def tips(self, timeout: float = QUICK) -> dict[str, Oid]:
        """Every branch of the remote by its full name.

        Raises:
            RemoteFailed: It cannot be reached, or took too long.
        """

    def push(
        self,
        updates: Sequence[Update],
        timeout: float | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, Pushed]:
        """Change refs of the remote, each by itself; what became of each, by its name.

        Where the answer got lost the remote is asked what it has. `options` are for the forge there
        (`git push -o`), each of one line; what is only a folder has nobody to read them.

        Raises:
            RemoteFailed: It cannot be reached, took too long, or refuses the branch. Only what is
                below `refs/mlgit/inbox/` is reported as refused.
        """


def default_timeout() -> float:
    """Seconds that one transfer may take: `MLGIT_TIMEOUT`, or 300.

    Raises:
        InvalidValue: The variable holds no number above 0.
    """
    text = os.environ.get("MLGIT_TIMEOUT", "") or "300"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds > 0:  # also false for nan
        return seconds
    raise InvalidValue(f"MLGIT_TIMEOUT is {text!r}", "give a number of seconds, such as 300")


def local_refs(repository: Repository, remote: str, branch: str) -> tuple[str, str]:
    """Where the remote's branch and the refs of its inbox are remembered here."""
    if remote in repository.config.subsections("remote"):
        return f"refs/remotes/{remote}/{branch}", f"refs/mlgit/remotes/{remote}/inbox/"
    # A URL is no name for a ref; below refs/remotes/ it would look like a remote.
    key = f"url-{sha1(remote.encode(), usedforsecurity=False).hexdigest()[:12]}"
    return f"refs/mlgit/remotes/{key}/{branch}", f"refs/mlgit/remotes/{key}/inbox/"


def timed_out(remote: str, timeout: float) -> RemoteFailed:
    """The error to raise where a remote took too long."""
    return RemoteFailed(
        f"{named(remote)} did not answer within {timeout:.0f} s",
        "look at the network, or set MLGIT_TIMEOUT to more seconds; nothing is lost",
        remote=named(remote),
        said="",
    )


class Deadline:
    """The end of the time that a transfer may take; to be called whenever something moved."""

    def __init__(self, remote: str, seconds: float) -> None:
        self._remote, self._seconds = remote, seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then."""
        return max(self._end - time.monotonic(), 0.0)

    def patience(self) -> float:
        """Seconds that may pass without a byte."""
        return min(float(IDLE), max(self.left(), 0.001))

    def __call__(self, *_: object) -> None:
        """Look at the clock; dulwich says here what moved.

        Raises:
            RemoteFailed: The time is over.
        """
        if not self.left():
            raise timed_out(self._remote, self._seconds)


def failed(remote: str, action: str, said: str, words: str = "") -> RemoteFailed:
    """The error to raise where a remote refused an action or could not be reached.

    Args:
        remote: Its name or URL.
        action: Such as `fetch from`.
        said: All that was heard from it.
        words: The reason; looked for in `said` when empty.
    """
    return RemoteFailed(
        f"cannot {action} {named(remote)}: {words or _last_line(said)}",
        _hint(f"{said} {words}"),
        remote=named(remote),
        said=said[-2000:],
    )


def named(remote: str) -> str:
    """The remote without a password that its URL may hold."""
    return re.sub(r"(://)[^/@]*@", r"\1", remote) if "://" in remote else remote


def _hint(said: str) -> str:
    if "protected branch" in said or "pre-receive hook declined" in said:
        return "ask for the right to push to this branch, or have the rule leave it out"
    if any(word in said for word in ("Authentication", "Permission denied", "could not read")):
        return "log in as for `git push`, then run the command again: nothing is lost"
    return "see whether `git fetch` works, then run the command again: nothing is lost"


def _last_line(said: str) -> str:
    told = [line for line in said.splitlines() if line.strip()] or ["it said nothing"]
    first = next(
        (line for line in told if line.startswith(("fatal:", "error:", "remote:"))), told[0]
    )
    if _UNREAD in first:  # ssh has said why before git did
        first = told[0]
    return first.partition(": ")[2] or first
