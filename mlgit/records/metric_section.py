"""The metrics of a `run.yaml` as `dump_run` writes them, read at once: most of its lines."""

from __future__ import annotations

import re
from math import inf

from mlgit.records.run import MetricSummary
from mlgit.records.yaml_write import QUOTABLE, RESERVED, WORD, printable

_INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"
_REAL = rf"(-?[0-9]{{1,17}}\.[0-9]+(?:e[-+][0-9]+)?|\.nan|-?\.inf|{_INTEGER})"
_entries = re.compile(
    rf'  (?:({WORD})|"({QUOTABLE}+)"):\n'
    rf"    last: {_REAL}\n    step: ({_INTEGER})\n    time: ({_INTEGER})\n"
    rf"(?:    min: {_REAL}\n    max: {_REAL}\n    count: (0|[1-9][0-9]{{0,17}})\n)?"
).finditer
_section = re.compile(r"\nmetrics:\n((?: [^\n]*\n)+)")
_SPECIAL = {".nan": float("nan"), ".inf": inf, "-.inf": -inf}


def split(text: str) -> tuple[str, dict[str, MetricSummary]] | None:
    """The text without its metrics, and those; None where they are not spelled just so.

    The rest must be read by the strict reader of the profile: only there does a line `metrics:`
    without indent always begin the section.
    """
    match = _section.search(text)
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
    found: dict[str, MetricSummary] = {}
    end = 0
    for entry in _entries(section):
        word, quoted, last, step, time, least, most, count = entry.groups()
        key = word or quoted
        reserved = word and len(word) < 6 and word.lower() in RESERVED
        if entry.start() != end or reserved or key in found:
            return None
        end = entry.end()
        value = _real(last)
        bounds = (value, value, 1) if count is None else (_real(least), _real(most), int(count))
        found[key] = MetricSummary(value, int(step), int(time), *bounds)
    return found if end == len(section) else None


def _real(text: str) -> float:
    if text in _SPECIAL:
        return _SPECIAL[text]
    value = float(text)
    if value in (inf, -inf):
        raise OverflowError
    return value
