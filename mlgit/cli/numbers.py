"""Numbers, sizes and times as people read them; machine formats never pass through here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def number(value: float) -> str:
    """`value` with four significant digits: `0.963`, `12`, `1.235e+06`, `nan`."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def aligned(values: Sequence[float | None]) -> list[str]:
    """A column of numbers with equal decimals, so that their points stand below each other."""
    texts = ["" if value is None else number(value) for value in values]
    decimals = [len(text.partition(".")[2]) for text in texts]
    if not any(decimals) or any("e" in text for text in texts):
        return texts
    return [
        text if value is None or not math.isfinite(value) else f"{value:.{max(decimals)}f}"
        for text, value in zip(texts, values, strict=True)
    ]


def counted(count: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def change(baseline: float, value: float) -> str:
    """How far `value` is from `baseline`, in percent where that means something."""
    if math.isnan(baseline) and math.isnan(value):
        return "same"
    difference = value - baseline
    if difference == 0 or baseline == value:
        return "same"
    if baseline == 0 or not math.isfinite(difference) or not math.isfinite(baseline):
        return f"{difference:+.4g}" if not math.isnan(difference) else "?"
    percent = 100 * difference / abs(baseline)
    return f"{percent:+.1f}%" if abs(percent) < 1000 else f"{difference:+.4g}"


def size(count: int) -> str:
    """Bytes as `912 B`, `41.2 kB`, `3.1 GB`."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} PB"


def duration(ms: int) -> str:
    """A length of time by its two largest units: `1m 04s`, `2d 3h`; below a minute `4.2s`."""
    if ms < 0:
        return "-" + duration(-ms)
    if ms < 59_950:
        return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f}s"
    seconds = round(ms / 1000)
    for (big, name), (small, below) in pairwise(_UNITS):
        if seconds >= big:
            rest = seconds % big // small
            return f"{seconds // big}{name} {rest:0{1 if below == 'h' else 2}d}{below}"
    return f"{seconds}s"


def ago(then_ms: int, now_ms: int) -> str:
    """How long ago: `now`, `40s ago`, `2m ago`, `3d ago`, then the date; `in 5m` for the future."""
    seconds = (now_ms - then_ms) // 1000
    if seconds < 0:
        return "now" if seconds > -2 else f"in {_largest(-seconds)}"
    if seconds < 1:
        return "now"
    if seconds < 30 * 86_400:
        return f"{_largest(seconds)} ago"
    from mlgit.times import iso

    return iso(max(then_ms, 0))[:10]


def _largest(seconds: int) -> str:
    for length, name in _UNITS:
        if seconds >= length:
            return f"{seconds // length}{name}"
    return f"{seconds}s"
