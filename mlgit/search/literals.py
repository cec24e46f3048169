"""Values in a query: numbers, dates, spans of time."""

from __future__ import annotations

import re

from mlgit import times

MAX_INTEGER = 2**63 - 1
_NUMBER = r"(?a)[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\Z"
_INTEGER = r"(?a)[+-]?\d{1,19}\Z"
_MOMENT = (
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d:?\d\d)?\Z"
)
_AGO = r"(\d{1,9})\s*([a-z]+)\s+ago\Z"
_SPAN = r"(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+\Z"
_SPAN_PART = r"(\d+(?:\.\d+)?)\s*([a-z]+)"
_PLAIN = re.ASCII | re.IGNORECASE
_UNITS = {
    "ms": 1,
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000),
    **dict.fromkeys(("w", "week", "weeks"), 604_800_000),
}


def number(text: str) -> int | float | None:
    """The number that `text` writes in plain ASCII digits, or None; whole numbers stay exact.

    A whole number beyond 64 bits becomes the nearest float, and `nan` or `inf` are no numbers.
    """
    if not re.match(_NUMBER, text):
        return None
    if re.match(_INTEGER, text) and abs(int(text)) <= MAX_INTEGER:
        return int(text)
    return float(text)


def moment(text: str) -> int | None:
    """Milliseconds UTC of a date, a date with time, or `7d ago`; None when it is none of them.

    Without a zone the time is UTC.
    """
    ago = re.match(_AGO, text, _PLAIN)
    if ago:
        unit = _UNITS.get(ago[2].lower())
        return None if unit is None else times.now_ms() - int(ago[1]) * unit
    match = re.match(_MOMENT, text, re.ASCII)
    return _calendar(match) if match else None


def _calendar(match: re.Match[str]) -> int | None:
    from datetime import datetime, timezone

    year, month, day, hour, minute, second = (int(match[group] or 0) for group in range(1, 7))
    millis = int((match[7] or "").ljust(3, "0")[:3])
    try:
        when = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return (int(when.timestamp()) * 1000 + millis) - _offset(match[8] or "Z")


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return minutes * 60_000 * (-1 if zone[0] == "-" else 1)


def span(text: str) -> int | None:
    """Milliseconds of `90s`, `1h30m`, `2 days`; None when it is no span of time."""
    if not re.match(_SPAN, text, _PLAIN):
        return None
    total = 0.0
    for amount, unit in re.findall(_SPAN_PART, text, _PLAIN):
        if unit.lower() not in _UNITS:
            return None
        total += float(amount) * _UNITS[unit.lower()]
    return round(total) if total <= MAX_INTEGER else MAX_INTEGER


def seconds(value: float) -> int | float:
    """Milliseconds of a number of seconds, whole where they are within a nanosecond of it."""
    millis = value * 1000
    whole = round(millis) if abs(millis) <= MAX_INTEGER else 0
    return whole if abs(millis - whole) < 1e-6 else millis
