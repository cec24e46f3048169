"""Doubles by the column are spelled as Python spells them one by one."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")
from mlgit.runs import reals_text  # noqa: E402

ODD = [
    0.0,
    -0.0,
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    1.7976931348623157e308,
    2.2250738585072014e-308,
]
EDGES = [1e16, 1e15, 9999999999999998.0, 1e-4, 1e-5, 0.1, 0.3, 100.0, 5e-7, 1e22, 1e23, 2.0**53]


def spelled(values: list[float]) -> list[str]:
    rows = reals_text.reals(np.array(values, np.float64))
    return [bytes(row).translate(None, b"\0").decode() for row in rows]


@pytest.fixture(autouse=True)
def _any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reals_text, "_FEW", 0)


def of_bits(bits: int) -> float:
    found: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return found


short = st.builds(
    lambda whole, place: whole / 10**place, st.integers(-(10**9), 10**9), st.integers(0, 9)
)
any_double = st.one_of(st.floats(), short, st.integers(0, 2**64 - 1).map(of_bits))


@given(st.lists(any_double, max_size=20))
@example([*ODD, *EDGES])
@settings(deadline=None, max_examples=300)
def test_each_is_spelled_as_repr_does(values: list[float]) -> None:
    clear = [1.25, 1 / 3] * (len(values) + 1)  # with too many unclear ones all are left to Python
    assert spelled([*values, *clear]) == [*map(repr, values), *map(repr, clear)]


@pytest.mark.parametrize("seed", range(3))
def test_so_are_many_of_every_size(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = 20_000
    scattered = random.normal(size=size) * 10.0 ** random.integers(-260, 260, size)
    powers = 10.0 ** random.integers(-249, 249, size)
    for values in (
        1 / (np.arange(size) + 1.0 + seed * size),
        scattered,
        np.round(random.random(size), 4),
        random.random(size).astype(np.float32).astype(np.float64),
        np.nextafter(powers, 0),
        np.nextafter(powers, np.inf),
        random.integers(2**52, 2**62, size).astype(np.float64),
    ):
        assert spelled(values.tolist()) == list(map(repr, values.tolist()))
