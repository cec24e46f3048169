"""What a clean-up would do with each object of a place, before it does anything."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.remote import Key

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Collectable
    from mlgit.holdings.gc.marks import Marks

DAY = 86_400.0
WAITS = 7 * DAY  # between being put aside and being removed
YOUNGEST = 3_600.0  # what was put there later is never looked at: it may be named in a moment

_TAIL = r"sha256/(?P<a>[0-9a-f]{2})/(?P<b>[0-9a-f]{2})/(?P<hex>(?P=a)(?P=b)[0-9a-f]{60})"
_object = re.compile(_TAIL).fullmatch
_aside = re.compile(rf"trash/(?P<day>\d{{4}}-\d{{2}}-\d{{2}})/{_TAIL}").fullmatch


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
    """One object.

    Attributes:
        sha256: Its digest.
        key: Where it is.
        run: The run that once named it; "" where none is known.
    """

    sha256: str
    key: Key
    run: str = ""


class Plan(NamedTuple):
    """What is there, and what would become of it.

    Attributes:
        named: What stays because something names it.
        past: The part of `named` that only earlier commits name.
        young: What nothing names and is not old enough.
        unnamed: What would be put aside.
        back: What was put aside, and is named again.
        expired: What was put aside long enough ago to be removed.
        waiting: What was put aside and waits.
    """

    named: tuple[Thing, ...]
    past: tuple[Thing, ...]
    young: tuple[Thing, ...]
    unnamed: tuple[Thing, ...]
    back: tuple[Thing, ...]
    expired: tuple[Thing, ...]
    waiting: tuple[Thing, ...]


def stays(marks: Marks, wish: Wish, sha256: str) -> bool:
    """Whether an object is to stay whatever its age."""
    return marks.is_named_now(sha256) if wish.purged else marks.is_named(sha256)


def plan(place: Collectable, marks: Marks, wish: Wish) -> Plan:
    """Look at every object of a place; nothing is changed.

    Raises:
        RemoteFailed, StorageFailed: Not all of them could be listed.
    """
    found: dict[str, list[Thing]] = {name: [] for name in Plan._fields}
    for key in place.keys("sha256"):
        match = _object(key.name)
        if match:
            one = Thing(match["hex"], key, marks.named_by(match["hex"]))
            for name in _fates(marks, wish, one):
                found[name].append(one)
    for day, one in put_aside(place):
        found[_fate_aside(marks, wish, day, one)].append(one)
    return Plan(*map(tuple, found.values()))


def _fates(marks: Marks, wish: Wish, one: Thing) -> Iterator[str]:
    if stays(marks, wish, one.sha256):
        yield "named"
        if not marks.is_named_now(one.sha256):
            yield "past"
    else:
        yield "unnamed" if one.key.modified < wish.before else "young"


def _fate_aside(marks: Marks, wish: Wish, day: str, one: Thing) -> str:
    if stays(marks, wish, one.sha256):
        return "back"
    return "expired" if day < day_of(wish.now - WAITS) else "waiting"


def put_aside(place: Collectable) -> Iterator[tuple[str, Thing]]:
    """(day, object) of all that was put aside at a place."""
    for key in place.keys("trash"):
        match = _aside(key.name)
        if match:
            yield match["day"], Thing(match["hex"], key)


def day_of(seconds: float) -> str:
    """The day in UTC, as the folders of what was put aside are named."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def home_of(sha256: str) -> str:
    """Where an object is while it is in use."""
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def aside_of(sha256: str, now: float) -> str:
    """Where an object is put aside."""
    return f"trash/{day_of(now)}/{home_of(sha256)}"
