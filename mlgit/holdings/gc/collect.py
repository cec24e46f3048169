"""The clean-up itself, in two steps a week apart: put aside, then removed.

A kill at any moment leaves each object where it was or where it goes; the next clean-up goes on.
Whatever is named meanwhile is found when the names are read again, and brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import NotFound
from mlgit.holdings.gc.plan import Plan, Thing, aside_of, home_of, put_aside, stays

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable
    from mlgit.holdings.gc.marks import Marks
    from mlgit.holdings.gc.plan import Wish

_BATCH = 500


class Work(NamedTuple):
    """One clean-up.

    Attributes:
        place: Where.
        marks: What is named.
        wish: What was asked for.
        look: Reads again what is named, from wherever names come.
        alone: Held while a batch is looked at and moved, so that nobody publishes meanwhile.
        workers: How many objects are moved at once.
        keeps_times: Whether an object has the same time after it was moved, so that one that was
            logged again at that very moment is told.
    """

    place: Collectable
    marks: Marks
    wish: Wish
    look: Callable[[], None]
    alone: Callable[[], AbstractContextManager[None]]
    workers: int = 1
    keeps_times: bool = False


class Collected(NamedTuple):
    """What was done.

    Attributes:
        aside: Put aside.
        removed: Removed for good.
        back: Brought back, because they are named again.
    """

    aside: tuple[Thing, ...]
    removed: tuple[Thing, ...]
    back: tuple[Thing, ...]


def collect(work: Work, plan: Plan) -> Collected:
    """Do what a plan says, as far as it still holds.

    Raises:
        Damaged, NotFound: A name cannot be read any more; the rest stays.
        RemoteFailed, StorageFailed: The place refused; the next clean-up goes on.
    """
    back = [one for one in plan.back if _bring_back(work, one)]
    aside = _each(work, plan.unnamed, _put_aside)
    removed = _each(work, plan.expired, _remove)
    work.look()
    late = {one.sha256 for one in aside if stays(work.marks, work.wish, one.sha256)}
    if late:
        again = [one for _, one in put_aside(work.place) if one.sha256 in late]
        back += [one for one in again if _bring_back(work, one)]
    left = tuple(one for one in aside if one.sha256 not in late)
    return Collected(left, tuple(removed), tuple(back))


def _each(work: Work, things: Sequence[Thing], do: Callable[[Work, Thing], bool]) -> list[Thing]:
    """Those with which it was done, batch by batch, the names read again before each."""
    done: list[Thing] = []
    for at in range(0, len(things), _BATCH):
        with work.alone():
            work.look()
            batch = things[at : at + _BATCH]
            gone = [one for one in batch if not stays(work.marks, work.wish, one.sha256)]
            done += _done(work, gone, do)
    return done


def _done(
    work: Work, things: Sequence[Thing], do: Callable[[Work, Thing], bool]
) -> Iterator[Thing]:
    if work.workers == 1:
        yield from (one for one in things if do(work, one))
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(work.workers) as pool:
        said = list(pool.map(lambda one: do(work, one), things))
    yield from (one for one, was_done in zip(things, said, strict=True) if was_done)


def _put_aside(work: Work, one: Thing) -> bool:
    aside = aside_of(one.sha256, work.wish.now)
    if work.place.key(one.key.name) != one.key:
        return False
    return _moved(work, one, aside) and not _renewed(work, one, aside)


def _renewed(work: Work, one: Thing, aside: str) -> bool:
    """Whether the bytes were logged again while they were put aside: then they are put back."""
    there = work.place.key(aside) if work.keeps_times else None
    if there is None or there.modified == one.key.modified:
        return False
    work.place.move(aside, one.key.name)
    return True


def _moved(work: Work, one: Thing, to: str) -> bool:
    try:
        work.place.move(one.key.name, to)
    except NotFound:  # another clean-up was faster
        return False
    return True


def _remove(work: Work, one: Thing) -> bool:
    work.place.remove(one.key.name)
    return True


def _bring_back(work: Work, one: Thing) -> bool:
    """Put an object where it is found again, unless a whole one is there."""
    home = home_of(one.sha256)
    if work.place.key(home) is not None and work.place.verify(one.sha256):
        work.place.remove(one.key.name)
        return False
    return _moved(work, one, home)
