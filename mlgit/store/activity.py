"""What was done to a store, newest first, as its commits say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off

if TYPE_CHECKING:
    from mlgit.git.commit_info import CommitInfo
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_DAY = 86_400  # seconds that a clock may be wrong
_TRAILER = "Mlgit-"
_LISTED = 8  # runs of one commit that are named; more are counted in its subject


class Act(NamedTuple):
    """One commit.

    Attributes:
        commit: Its id.
        at: When, milliseconds UTC.
        author: Name of who did it.
        email: Their address.
        what: What was done; several lines where runs share a commit.
        trailers: Key to values, as in `docs/format.md`, "Commits".
        is_merge: Whether it brought two histories together.
    """

    commit: str
    at: int
    author: str
    email: str
    what: tuple[str, ...]
    trailers: Mapping[str, tuple[str, ...]]
    is_merge: bool


class Choice(NamedTuple):
    """Which acts are wanted.

    Attributes:
        about: (trailer, value) pairs, any of which an act must have; all acts where empty.
        author: Part of the author's name or address, in any case.
        since: Earliest time, milliseconds UTC.
        merges: Whether merges count; what they brought does in any case.
    """

    about: frozenset[tuple[str, str]] = frozenset()
    author: str = ""
    since: int = 0
    merges: bool = False


def acts(objects: Objects, tip: Oid, choice: Choice) -> Iterator[Act]:
    """The acts that are wanted, newest first; no more of the history is read than is asked for.

    Raises:
        NotFound, Damaged: A commit cannot be read.
    """
    needles = {value for _, value in choice.about}
    for oid, commit in newest_first(objects, tip, choice.since // 1000):
        if oid == ROOT_COMMIT or (len(commit.parents) > 1 and not choice.merges):
            continue
        if needles and not any(needle in commit.message for needle in needles):
            continue
        act = _act(oid, commit)
        if _is_wanted(act, choice):
            yield act


def newest_first(objects: Objects, tip: Oid, since: int = 0) -> Iterator[tuple[Oid, CommitInfo]]:
    """Commits by their time, children before parents where clocks agree."""
    cut, seen = cut_off(objects), {tip}
    queue = [(-objects.commit(tip).commit_time, 0, tip)]
    while queue:
        _, _, oid = heappop(queue)
        commit = objects.commit(oid)
        yield oid, commit
        for parent in () if oid in cut else commit.parents:
            if parent not in seen:
                seen.add(parent)
                when = objects.commit(parent).commit_time
                if when >= since - _DAY:
                    heappush(queue, (-when, len(seen), parent))


def _act(oid: Oid, commit: CommitInfo) -> Act:
    subject, *body = commit.message.splitlines() or [""]
    trailers: dict[str, tuple[str, ...]] = {}
    for line in body:
        key, colon, value = line.partition(": ")
        if colon and key.startswith(_TRAILER):
            trailers[key] = (*trailers.get(key, ()), value)
    listed = [line for line in body if line.startswith("run: ")]
    name, _, email = commit.author.partition(" <")
    return Act(
        oid.decode("ascii"),
        commit.author_time * 1000,
        name,
        email.rstrip(">"),
        tuple(listed if 0 < len(listed) <= _LISTED else [subject]),
        trailers,
        len(commit.parents) > 1,
    )


def _is_wanted(act: Act, choice: Choice) -> bool:
    if act.at < choice.since:
        return False
    if choice.author and choice.author.casefold() not in f"{act.author} {act.email}".casefold():
        return False
    said = {(key, value) for key, values in act.trailers.items() for value in values}
    return not choice.about or not choice.about.isdisjoint(said)
