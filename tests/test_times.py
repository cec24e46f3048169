"""Times as the files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit import times


@given(st.integers(0, times.MAX_TIME_MS))
def test_a_time_comes_back_from_its_text(ms: int) -> None:
    assert times.from_iso(times.iso(ms)) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T08:14:51Z",
        "2026-11-23 08:14:51.123Z",
        "2026-11-23T08:14:51,123Z",
        "2026-13-23T08:14:51.123Z",
        "2026-11-23T25:14:51.123Z",
        "2026-11-23T08:14:51.12xZ",
        "2026-W48-1T08:14:51.123Z",
        "２026-11-23T08:14:51.123Z",  # noqa: RUF001 (a digit that is not ASCII is the point)
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|format|range|month|hour"):
        times.from_iso(text)


@pytest.mark.parametrize("ms", [-1, times.MAX_TIME_MS + 1])
def test_a_time_without_a_text_is_refused(ms: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        times.iso(ms)
