"""What a clean-up would do with each object of a place, before it does anything."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.bundles.archive import bundle_at
from mlgit.artifacts.remote import Key
from mlgit.holdings.gc.bundles import all_members, bundles_in, has_bundles

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable
    from mlgit.holdings.gc.bundles import Place
    from mlgit.holdings.gc.marks import Marks

DAY = 86_400.0
WAITS = 7 * DAY  # between being put aside and being removed
YOUNGEST = 3_600.0  # what was put there later is never looked at: it may be named in a moment

_object = re.compile(
    r"sha256/(?P<a>[0-9a-f]{2})/(?P<b>[0-9a-f]{2})/(?P<hex>(?P=a)(?P=b)[0-9a-f]{60})"
).fullmatch
_aside = re.compile(r"trash/(?P<day>\d{4}-\d{2}-\d{2})/(?P<home>.+)").fullmatch


class Wish(NamedTuple):
    """What is asked of a clean-up.

    Attributes:
        now: Seconds since 1970.
        older: Seconds; what was put there later stays whatever names it or not.
        purged: Bytes that only earlier commits name go, too: of purged runs, of replaced files.
    """

    now: float
    older: float = 14 * DAY
    purged: bool = False

    @property
    def before(self) -> float:
        """What was put there later than this stays."""
        return self.now - max(self.older, YOUNGEST)


class Thing(NamedTuple):
    """One object, or one bundle of them.

    Attributes:
        sha256: Its digest.
        key: Where it is.
        run: The run that once named it, or something in it; "" where none is known.
        members: What is in a bundle, digest -> bytes; empty for an object.
        dead: Bytes in a bundle that nothing names.
    """

    sha256: str
    key: Key
    run: str = ""
    members: Mapping[str, int] = MappingProxyType({})
    dead: int = 0

    @property
    def home(self) -> str:
        """Where it is while it is in use."""
        aside = _aside(self.key.name)
        return aside["home"] if aside else self.key.name

    @property
    def aside(self) -> str:
        """The day on which it was put aside; "" while it is in use."""
        aside = _aside(self.key.name)
        return aside["day"] if aside else ""


class Plan(NamedTuple):
    """What is there, and what would become of it.

    Attributes:
        named: What stays because something names it.
        past: The part of `named` that only earlier commits name.
        young: What nothing names and is not old enough; bundles with some such object in them.
        unnamed: What would be put aside.
        mixed: Old bundles of which a part is named: written anew without the rest.
        back: What was put aside, and is named again.
        expired: What was put aside long enough ago to be removed.
        waiting: What was put aside and waits.
    """

    named: tuple[Thing, ...]
    past: tuple[Thing, ...]
    young: tuple[Thing, ...]
    unnamed: tuple[Thing, ...]
    mixed: tuple[Thing, ...]
    back: tuple[Thing, ...]
    expired: tuple[Thing, ...]
    waiting: tuple[Thing, ...]


def stays(marks: Marks, wish: Wish, sha256: str) -> bool:
    """Whether an object is to stay whatever its age."""
    return marks.is_named_now(sha256) if wish.purged else marks.is_named(sha256)


def living(marks: Marks, wish: Wish, one: Thing) -> list[str]:
    """Those objects in it, or it itself, that are to stay."""
    return [digest for digest in one.members or (one.sha256,) if stays(marks, wish, digest)]


def plan(place: Collectable, marks: Marks, wish: Wish) -> Plan:
    """Look at every object of a place; nothing is changed.

    Raises:
        RemoteFailed, StorageFailed: Not all of them could be listed.
    """
    found: dict[str, list[Thing]] = {name: [] for name in Plan._fields}
    aside = list(_aside_at(place))
    doubtful = {digest for _, one in aside for digest in one.members}
    here: set[str] = set()
    for one in _in_use(place):
        here.update(doubtful.intersection(one.members or (one.sha256,)))
        for name in _fates(marks, wish, one):
            found[name].append(_told(marks, wish, one))
    for day, one in aside:
        found[_fate_aside(marks, wish, day, one, here)].append(one)
    return Plan(*map(tuple, found.values()))


def _told(marks: Marks, wish: Wish, one: Thing) -> Thing:
    """With the run that named it, and with what of a bundle is dead."""
    dead = [digest for digest in one.members if not stays(marks, wish, digest)]
    runs = map(marks.named_by, dead or one.members or (one.sha256,))
    return one._replace(
        run=next(filter(None, runs), ""), dead=sum(one.members[digest] for digest in dead)
    )


def _fates(marks: Marks, wish: Wish, one: Thing) -> Iterator[str]:
    live, count = living(marks, wish, one), len(one.members) or 1
    if len(live) == count:
        yield "named"
        if not any(map(marks.is_named_now, live)):
            yield "past"
    elif one.key.modified >= wish.before:
        yield "young"
    else:
        yield "mixed" if live else "unnamed"


def _fate_aside(marks: Marks, wish: Wish, day: str, one: Thing, here: Container[str]) -> str:
    live = living(marks, wish, one)
    if live and not (one.members and all(digest in here for digest in live)):
        return "back"
    return "expired" if day < day_of(wish.now - WAITS) else "waiting"


def _in_use(place: Collectable) -> Iterator[Thing]:
    for key in place.keys("sha256"):
        match = _object(key.name)
        if match:
            yield Thing(match["hex"], key)
    if has_bundles(place):
        keys = bundles_in(place)
        yield from _bundles(place, keys, [key.name for key in keys])


def _aside_at(place: Collectable) -> Iterator[tuple[str, Thing]]:
    """(day, what was put aside then) of all that was put aside at a place."""
    bundles: list[tuple[str, str, Key]] = []
    for key in place.keys("trash"):
        aside = _aside(key.name)
        match = aside and _object(aside["home"])
        if aside and match:
            yield aside["day"], Thing(match["hex"], key)
        elif aside and bundle_at(aside["home"]):
            bundles.append((aside["day"], aside["home"], key))
    if bundles and has_bundles(place):
        days, homes, keys = zip(*bundles, strict=True)
        known = {one.key.name: one for one in _bundles(place, keys, homes)}
        pairs = zip(days, map(known.get, (key.name for key in keys)), strict=True)
        yield from ((day, one) for day, one in pairs if one)


def _bundles(place: Place, keys: Sequence[Key], homes: Sequence[str]) -> Iterator[Thing]:
    """The bundles of which it is known what is in them; the others stay where they are."""
    for key, home, members in zip(keys, homes, all_members(place, keys), strict=True):
        if members:
            yield Thing(bundle_at(home), key, members=members)


def day_of(seconds: float) -> str:
    """The day in UTC, as the folders of what was put aside are named."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def aside_of(home: str, now: float) -> str:
    """Where something is put aside."""
    return f"trash/{day_of(now)}/{home}"
