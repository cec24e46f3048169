"""What a commit says, read as leniently as git reads it."""

from __future__ import annotations

from typing import NamedTuple

from mlgit.git.oid import Oid, is_oid

_LATEST = 253_402_300_799  # the last second of the year 9999


class CommitInfo(NamedTuple):
    """What a commit says; times are seconds since the epoch, text is decoded with replacement."""

    tree: Oid
    parents: tuple[Oid, ...]
    author: str
    author_time: int
    committer: str
    commit_time: int
    message: str


def read_commit(data: bytes) -> CommitInfo | None:
    """The commit in an object; None where it names no tree, or parents that are no ids.

    Nothing else is refused: whoever may push could else stop every reader by one odd line.
    """
    head, _, message = data.partition(b"\n\n")
    lines = head.split(b"\n")
    tree = lines[0].removeprefix(b"tree ")
    parents = [line.removeprefix(b"parent ") for line in lines if line.startswith(b"parent ")]
    if not lines[0].startswith(b"tree ") or not all(map(is_oid, [tree, *parents])):
        return None
    author, author_time = _signature(lines, b"author ")
    committer, commit_time = _signature(lines, b"committer ")
    text = message.decode("utf-8", "replace")
    return CommitInfo(
        tree, tuple(parents), author, author_time, committer, commit_time, message=text
    )


def _signature(lines: list[bytes], role: bytes) -> tuple[str, int]:
    """Who, and when in seconds: 0 where that is no time between 1970 and 9999."""
    line = next((line for line in lines if line.startswith(role)), b"").removeprefix(role)
    who, bracket, when = line.rpartition(b">")
    digits = when.split()[0] if when.split() else b""
    seconds = int(digits) if digits.isdigit() and len(digits) < 13 else 0
    return (who + bracket).decode("utf-8", "replace"), seconds if seconds <= _LATEST else 0
