"""Values that two sides of a merge changed: one of them, or both as a value in conflict.

No rule here depends on which side is which, so that every clone comes to the same result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgit.records import text

Doc = dict[str, Any]


def docs_of(base: bytes | None, ours: bytes, theirs: bytes) -> tuple[Doc, Doc, Doc]:
    """Three contents of one file as documents; an empty one where there is no common past.

    Raises:
        Damaged: One cannot be read.
    """
    return text.load(base) if base else {}, text.load(ours), text.load(theirs)


class Absent:
    """The value of a key that a document does not have."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


def is_conflict(value: Any) -> bool:
    """Whether this is `{base: …, sides: […]}`."""
    return isinstance(value, dict) and isinstance(value.get("sides"), list)


def has_conflict(value: Any) -> bool:
    """Whether this is a value in conflict, or holds one."""
    if not isinstance(value, dict):
        return False
    return is_conflict(value) or any(map(has_conflict, value.values()))


def settled(base: Any, ours: Any, theirs: Any) -> tuple[Any, bool]:
    """The merged value, and whether the two sides agree on it or only one changed it."""
    if ours == theirs or theirs == base:
        return ours, True
    return (theirs, True) if ours == base else (None, False)


def contested(base: Any, ours: Any, theirs: Any) -> Any:
    """Three values as one: a value in conflict where both sides changed it, each in its own way.

    What only one side has stays, also what it replaced in a conflict of the other side.
    """
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    sides = unique(undecided(_sides(base), _sides(ours), _sides(theirs)))
    if len(sides) < 2:
        return sides[0]
    origin = served_base(base)
    return {"sides": sides} if origin is ABSENT else {"base": origin, "sides": sides}


def undecided(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """The values of two sides, but for those of a conflict that the other side has replaced."""

    def kept(side: list[Any], other: list[Any]) -> list[Any]:
        alone = len(side) == 1
        return [value for value in side if alone or value in other or value not in base]

    return [*kept(ours, theirs), *kept(theirs, ours)] or [*ours, *theirs]


def either(base: Any, ours: Any, theirs: Any) -> Any:
    """Three values as one: where both changed it the one that is written lower."""
    value, agreed = settled(base, ours, theirs)
    return value if agreed else unique([*_sides(ours), *_sides(theirs)])[0]


def each(base: Any, ours: Any, theirs: Any) -> Any:
    """Mappings key by key, in the order of their keys; anything else is `contested`."""
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    if not all(isinstance(one, Mapping) and not is_conflict(one) for one in (ours, theirs)):
        return contested(base, ours, theirs)
    before = base if isinstance(base, Mapping) and not is_conflict(base) else {}
    found: Doc = {}
    for key in sorted({**ours, **theirs}):
        triple = (one.get(key, ABSENT) for one in (before, ours, theirs))
        merged = each(*triple)
        if merged is not ABSENT:
            found[key] = merged
    return found


def served_base(base: Any) -> Any:
    """What was there before, also where that was in conflict itself."""
    if not is_conflict(base):
        return base
    return base.get("base", ABSENT)


def unique(values: list[Any]) -> list[Any]:
    """The values once each, in the order of their spelling."""
    spelled = {text.dump({"value": value}): value for value in values}
    return [spelled[key] for key in sorted(spelled)]


def _sides(value: Any) -> list[Any]:
    if value is ABSENT:
        return []
    return list(value["sides"]) if is_conflict(value) else [value]
