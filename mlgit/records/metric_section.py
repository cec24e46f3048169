"""The metrics of a `run.yaml` as `dump_run` writes them, read at once: most of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from math import inf, nan

from mlgit.records.run import MetricSummary
from mlgit.records.yaml_write import QUOTABLE, RESERVED, WORD, printable

_INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"
_REAL = rf"(-?[0-9]{{1,17}}\.[0-9]+(?:e[-+][0-9]+)?|\.nan|-?\.inf|{_INTEGER})"
_ENTRIES = (
    rf'(?m)^  ({WORD}|"{QUOTABLE}+"):\n'
    rf"    last: {_REAL}\n    step: ({_INTEGER})\n    time: ({_INTEGER})\n"
    rf"(?:    min: {_REAL}\n    max: {_REAL}\n    count: (0|[1-9][0-9]{{0,17}})\n)?"
)
_SECTION = r"\nmetrics:\n((?: [^\n]*\n)+)"
_SPECIAL = {".nan": nan, ".inf": inf, "-.inf": -inf}


def split(text: str) -> tuple[str, dict[str, MetricSummary]] | None:
    """The text without its metrics, and those; None where they are not spelled just so.

    The rest must be read by the strict reader of the profile: only there does a line `metrics:`
    without indent always begin the section.
    """
    match = re.search(_SECTION, text) if "\nmetrics:\n" in text else None
    if match is None or not printable(match[1]):
        return None
    try:
        metrics = _metrics(match[1])
    except OverflowError:
        return None
    if metrics is None:
        return None
    return text[: match.start() + 1] + text[match.end() :], metrics


def _metrics(section: str) -> dict[str, MetricSummary] | None:
    rows: list[tuple[str, ...]] = re.findall(_ENTRIES, section)
    # Each row is whole lines, so it is all of them when they are as many.
    lines = sum([7 if row[6] else 4 for row in rows])
    if lines != section.count("\n"):
        return None
    # Only these can stand before a number that is none, or that is beyond the largest.
    special = ": ." in section or "-." in section or "e+" in section
    real = _real if special else float
    found = {_key(row[0]): _summary(row, real) for row in rows}
    return None if "" in found or len(found) < len(rows) else found


@lru_cache(maxsize=8192)
def _key(raw: str) -> str:
    """The key as it is meant; "" for a word that is none in YAML."""
    if raw[0] == '"':
        return raw[1:-1]
    return "" if len(raw) < 6 and raw.lower() in RESERVED else raw


def _summary(row: tuple[str, ...], real: Callable[[str], float]) -> MetricSummary:
    _, last, step, time, low, high, count = row
    value = real(last)
    if not count:
        return MetricSummary(value, int(step), int(time), value, value, 1)
    return MetricSummary(value, int(step), int(time), real(low), real(high), int(count))


def _real(text: str) -> float:
    if text in _SPECIAL:
        return _SPECIAL[text]
    value = float(text)
    if value in (inf, -inf):
        raise OverflowError
    return value
