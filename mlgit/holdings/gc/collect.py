"""The clean-up itself, in two steps a week apart: put aside, then removed.

A kill at any moment leaves each object where it was or where it goes; the next clean-up goes on.
Whatever is named meanwhile is found when the names are read again, and brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import NotFound, StorageFailed
from mlgit.holdings.gc.bundles import are_elsewhere, has_bundles, is_whole, write_anew
from mlgit.holdings.gc.plan import DAY, Plan, Thing, aside_of, day_of, living

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable
    from mlgit.holdings.gc.marks import Marks
    from mlgit.holdings.gc.plan import Wish

_BATCH = 500
_REWRITERS = 2  # each holds a bundle three times


class Work(NamedTuple):
    """One clean-up.

    Attributes:
        place: Where.
        marks: What is named.
        wish: What was asked for.
        look: Reads again what is named, from wherever names come.
        alone: Held while a batch is looked at and moved, so that nobody publishes meanwhile.
        workers: How many objects are moved at once.
        strangers: Whether somebody is there now whose names are not known: who came meanwhile and
            found something there has not sent it again.
        keeps_times: Whether an object has the same time after it was moved, so that one that was
            logged again at that very moment is told.
    """

    place: Collectable
    marks: Marks
    wish: Wish
    look: Callable[[], None]
    alone: Callable[[], AbstractContextManager[None]]
    strangers: Callable[[], bool] = lambda: False
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
    few = work._replace(workers=min(work.workers, _REWRITERS))
    aside += _each(few, plan.mixed, _put_aside)
    removed = _each(
        few if any(one.members for one in plan.expired) else work, plan.expired, _remove
    )
    work.look()
    late = aside if work.strangers() else [one for one in aside if _is_missed(work, one)]
    back += [
        one for one in map(partial(_where_aside, work), late) if one and _bring_back(work, one)
    ]
    left = tuple(one for one in aside if one not in late)
    return Collected(left, tuple(removed), tuple(back))


def _each(work: Work, things: Sequence[Thing], do: Callable[[Work, Thing], bool]) -> list[Thing]:
    """Those with which it was done, batch by batch, the names read again before each."""
    done: list[Thing] = []
    for at in range(0, len(things), _BATCH):
        with work.alone():
            work.look()
            batch = things[at : at + _BATCH]
            gone = [one for one in batch if one.members or not living(work.marks, work.wish, one)]
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
    aside = aside_of(one.home, work.wish.now)
    live = living(work.marks, work.wish, one)
    if work.place.key(one.key.name) != one.key or len(live) == (len(one.members) or 1):
        return False
    if live and not _written_anew(work, one, live):
        return False
    return _moved(work, one, aside) and not _renewed(work, one, aside)


def _written_anew(work: Work, one: Thing, live: Sequence[str]) -> bool:
    """Whether what is named of a bundle is whole in another one now."""
    try:
        return has_bundles(work.place) and write_anew(work.place, one.sha256, live)
    except NotFound:  # another clean-up was faster
        return False


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
    except StorageFailed:
        if work.place.key(one.key.name) is None:  # the same, while it was copied
            return False
        raise
    return True


def _remove(work: Work, one: Thing) -> bool:
    live = living(work.marks, work.wish, one)
    if live and not (has_bundles(work.place) and are_elsewhere(work.place, live)):
        return False  # the next clean-up brings it back
    work.place.remove(one.key.name)
    return True


def _is_missed(work: Work, one: Thing) -> bool:
    """Whether what was put aside is named now, and not there otherwise."""
    live = living(work.marks, work.wish, one)
    if live and one.members and has_bundles(work.place):
        return len(work.place.sizes(live)) < len(live)
    return bool(live)


def _where_aside(work: Work, one: Thing) -> Thing | None:
    key = work.place.key(aside_of(one.home, work.wish.now))
    return one._replace(key=key) if key else None


def _bring_back(work: Work, one: Thing) -> bool:
    """Put something where it is found again, unless a whole one is there.

    One that was put aside lately stays then: another clean-up may be about to remove the other.
    """
    if work.place.key(one.home) is not None and _is_whole(work, one):
        if one.aside < day_of(work.wish.now - DAY):
            work.place.remove(one.key.name)
        return False
    return _moved(work, one, one.home)


def _is_whole(work: Work, one: Thing) -> bool:
    if one.members:
        return has_bundles(work.place) and is_whole(work.place, one.sha256)
    return work.place.verify(one.sha256)
