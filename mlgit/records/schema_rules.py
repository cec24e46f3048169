"""What a value in a file may be: the words that `mlgit.records.schema_table` is written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, TypeAlias

from mlgit.records.artifact_path import is_safe_path
from mlgit.records.fields import time_of

#: Where a problem is (keys from the top) and what is wrong there.
Finding = tuple["tuple[str | int, ...]", str]


@dataclass(frozen=True)
class Scalar:
    """A single value; `what` completes "expected …"."""

    what: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Section:
    """A mapping with known keys; further keys are of a newer version and never a problem."""

    fields: Mapping[str, Rule]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Each:
    """A mapping from the user's own keys to values of one rule."""

    rule: Rule


@dataclass(frozen=True)
class Items:
    """A list of values of one rule, `least` of them or more."""

    rule: Rule
    least: int = 0


@dataclass(frozen=True)
class Contested:
    """A value that a merge may have left as `{base: …, sides: […, …]}`; each is of the rule."""

    rule: Rule


Rule: TypeAlias = "Scalar | Section | Each | Items | Contested"


def section(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Section:
    """A mapping of these keys."""
    return Section({**required, **(optional or {})}, frozenset(required))


def conflict(required: Mapping[str, Rule], rule: Rule) -> Section:
    """A file whose value two sides set differently; readers serve the base, if there is one."""
    return section({**required, "sides": Items(rule, 2)}, {"format": FORMAT, "base": rule})


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_time(value: Any) -> bool:
    try:
        return time_of(value) >= 0
    except (TypeError, ValueError):
        return False


def _matches(pattern: str) -> Callable[[Any], bool]:
    fits = re.compile(pattern).fullmatch
    return lambda value: isinstance(value, str) and fits(value) is not None


TEXT = Scalar("text", _is_text)
NAME = Scalar("text that is not empty", lambda value: _is_text(value) and value != "")
WHOLE = Scalar("a whole number", _is_whole)
COUNT = Scalar("a whole number from 0", lambda value: _is_whole(value) and value >= 0)
FORMAT = Scalar("a whole number from 1", lambda value: _is_whole(value) and value >= 1)
NUMBER = Scalar("a number", lambda value: type(value) in (int, float))
FLAG = Scalar("true or false", lambda value: type(value) is bool)
TIME = Scalar('a time such as "2026-11-23T08:14:51.123Z"', _is_time)
SHA256 = Scalar("64 lower-case hex digits", _matches("[0-9a-f]{64}"))
MANIFEST = Scalar("sha256: and 64 lower-case hex digits", _matches("sha256:[0-9a-f]{64}"))
COMMIT = Scalar("40 lower-case hex digits", _matches("[0-9a-f]{40}"))
PATH = Scalar("a plain relative path", lambda value: isinstance(value, str) and is_safe_path(value))
URL = Scalar(
    "a URL without a password",
    _matches(
        r"[a-z][a-z0-9+.-]*://(?![^/@]*:[^/@]*@)\S*"
        r"|lfs:[A-Za-z0-9]\S*|(?:/|[A-Za-z]:[\\/])[^\x00-\x1f]*"
    ),
)
BOUND = Scalar(
    "a number or a percentage",
    lambda value: (
        (type(value) in (int, float) and -inf < value < inf)
        or bool(re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?%", str(value)))
    ),
)


def one_of(*words: str) -> Scalar:
    """One of a few words."""
    return Scalar(" or ".join(words), words.__contains__)


def findings(rule: Rule, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[Finding]:
    """All that is wrong with `value`, in the order of the file."""
    if isinstance(rule, Contested):
        yield from _contested(rule.rule, value, path)
    elif isinstance(rule, Scalar):
        if not rule.fits(value):
            yield path, f"expected {rule.what}, not {_shown(value)}"
    elif isinstance(rule, Items):
        yield from _in_items(rule, value, path)
    elif not isinstance(value, dict):
        yield path, f"expected keys and values, not {_shown(value)}"
    elif isinstance(rule, Each):
        for key, item in value.items():
            yield from findings(rule.rule, item, (*path, key))
    else:
        yield from _in_section(rule, value, path)


def strangers(
    rule: Rule, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Where `value` has keys that its rule does not name, in the order of the file."""
    if isinstance(rule, Contested):
        rule = rule.rule
        if isinstance(value, dict) and "sides" in value:
            value = value.get("base")
    if isinstance(rule, Items) and isinstance(value, list):
        for number, item in enumerate(value):
            yield from strangers(rule.rule, item, (*path, number))
    for key, item in value.items() if isinstance(value, dict) else ():
        below = rule.fields.get(key) if isinstance(rule, Section) else getattr(rule, "rule", None)
        if below is None:
            yield (*path, key)
        else:
            yield from strangers(below, item, (*path, key))


def _in_section(
    rule: Section, value: dict[str, Any], path: tuple[str | int, ...]
) -> Iterator[Finding]:
    for key in rule.fields:
        if key in rule.required and key not in value:
            yield path, f"{key} is missing"
    for key, item in value.items():
        if key in rule.fields:
            yield from findings(rule.fields[key], item, (*path, key))


def _in_items(rule: Items, value: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield path, f"expected a list, not {_shown(value)}"
        return
    if len(value) < rule.least:
        yield path, f"expected at least {rule.least} values, not {len(value)}"
    for number, item in enumerate(value):
        yield from findings(rule.rule, item, (*path, number))


def _contested(rule: Rule, value: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if not isinstance(value, dict) or "sides" not in value:
        yield from findings(rule, value, path)
        return
    sides = value["sides"]
    if not isinstance(sides, list) or len(sides) < 2:
        yield (*path, "sides"), "expected a list of the values that disagree"
        return
    if value.get("base") is not None:
        yield from findings(rule, value["base"], (*path, "base"))
    for number, side in enumerate(sides):
        if side is not None:
            yield from findings(rule, side, (*path, "sides", number))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "keys and values"
    return "a list" if isinstance(value, list) else f"{value!r:.60}"
