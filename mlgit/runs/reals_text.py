"""Many doubles as `repr` writes them, column by column; what is not clear-cut is left to `repr`.

A double is scaled to y = 17 digits before the point, in twice the usual precision. The shortest
decimal that reads back is then the nearest multiple of 100, of 10 or of 1 that is less than half a
unit in the last place of the double away from y.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 1_000  # doubles below which there is nothing to gain
_FURTHEST = 250  # decimal exponent up to which no step of the arithmetic overflows
_CLOSE = 1e-6  # far more than the error of y, far less than what is compared
_SPLIT = 134_217_729.0  # Dekker's: 2**27 + 1
_ONE, _TEN = 10**16, 10**17
_WIDTH = 25


class _Scale(NamedTuple):
    """10**k for each k: rounded, what that leaves out, and the two halves of the rounded one."""

    near: NDArray[np.float64]
    rest: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]


def reals(numbers: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The shortest decimals that read back as the same doubles: a row each, NUL in between."""
    if len(numbers) < _FEW:
        return _by_python(numbers)
    size = np.abs(numbers)
    clear = (size > 10.0**-_FURTHEST) & (size < 10.0**_FURTHEST)
    size = np.where(clear, size, 1.5)
    exponent = np.floor(np.log10(size)).astype(np.int64)
    digits, sure = _shortest(size, exponent)
    clear &= sure
    if clear.sum() * 2 < len(numbers):
        return _by_python(numbers)
    text = np.zeros((len(numbers), _WIDTH), np.uint8)
    text[:, 0] = np.where(numbers < 0, ord("-"), 0)
    places = _digits(digits)
    for each in np.unique(exponent).tolist():
        rows = np.flatnonzero(exponent == each)
        text[rows, 1:] = _laid_out(places[rows], each)
    if not clear.all():
        plain = _by_python(numbers[~clear])
        text[~clear] = 0
        text[~clear, : plain.shape[1]] = plain
    return text


def _by_python(numbers: NDArray[np.float64]) -> NDArray[np.uint8]:
    listed = np.array(list(map(repr, numbers.tolist())), "S")
    return listed.view(np.uint8).reshape(len(numbers), listed.itemsize)


def _shortest(
    size: NDArray[np.float64], exponent: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """17 digits, the last ones zero where fewer will do; and whether they are beyond doubt."""
    whole, part, unit = _scaled(size, exponent)
    sure = np.frexp(size)[0] != 0.5  # below a power of two doubles are closer together
    found = whole + (part > 0.5)
    sure &= np.abs(part - 0.5) > _CLOSE
    for step in (10, 100):
        down = whole % step
        back = down + part
        nearest = whole - down + np.where(back > step / 2, step, 0)
        away = np.minimum(back, step - back)
        sure &= (np.abs(away - unit) > _CLOSE) & (np.abs(back - step / 2) > _CLOSE)
        found = np.where(away < unit, nearest, found)
    return found, sure & (whole >= _ONE) & (found < _TEN)


def _scaled(
    size: NDArray[np.float64], exponent: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The whole and the fractional part of y, and half a unit in the double's last place."""
    scale = _Scale(*(column[exponent + _FURTHEST + 1] for column in _scales()))
    wide = size * _SPLIT
    high = wide - (wide - size)
    low = size - high
    product = size * scale.near
    error = (high * scale.high - product) + high * scale.low + low * scale.high + low * scale.low
    error += size * scale.rest
    below = np.floor(error)
    unit = np.ldexp(scale.near, np.frexp(size)[1] - 54)
    return product.astype(np.int64) + below.astype(np.int64), error - below, unit


@cache
def _scales() -> _Scale:
    exact = [Fraction(10) ** (16 - exponent) for exponent in range(-_FURTHEST - 1, _FURTHEST + 2)]
    near = np.array([float(each) for each in exact])
    rest = np.array([float(each - Fraction(float(each))) for each in exact])
    wide = near * _SPLIT
    high = wide - (wide - near)
    return _Scale(near, rest, high, near - high)


def _digits(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """17 digits a row, the zeros at the end NUL."""
    text = np.empty((len(numbers), 5), np.uint32)
    left, more = numbers, np.zeros(len(numbers), np.bool_)
    for place in (4, 3, 2, 1):
        rest = left // 10_000
        four = left - rest * 10_000
        text[:, place] = _fours()[four + more * 10_000]
        left, more = rest, more | (four > 0)
    text[:, 0] = _fours()[left + 10_000]
    return text.view(np.uint8)[:, 3:]


@cache
def _fours() -> NDArray[np.uint32]:
    """The digits of 0 to 9999 as four bytes, first without the zeros behind them, then with."""
    every = [f"{number:04}" for number in range(10_000)]
    short = [f"{digits.rstrip('0'):\0<4}" for digits in every]
    return np.frombuffer("".join([*short, *every]).encode(), np.uint32)


def _laid_out(places: NDArray[np.uint8], exponent: int) -> NDArray[np.uint8]:
    """Digits of one decimal exponent with point and exponent, as `repr` sets them."""
    if -4 <= exponent < 0:
        head = np.frombuffer(b"0." + b"0" * (-1 - exponent), np.uint8)
        return _filled([np.tile(head, (len(places), 1)), places])
    fixed = 0 <= exponent < 16
    before = exponent + 1 if fixed else 1
    whole = np.where(places[:, :before] == 0, ord("0"), places[:, :before])
    behind = places[:, before:].copy()
    point = np.full((len(places), 1), ord("."), np.uint8)
    if fixed:
        behind[:, 0] = np.where(behind[:, 0] == 0, ord("0"), behind[:, 0])
        return _filled([whole, point, behind])
    point[behind[:, 0] == 0] = 0
    end = np.frombuffer(f"e{exponent:+03}".encode(), np.uint8)
    return _filled([whole, point, behind, np.tile(end, (len(places), 1))])


def _filled(columns: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    width = sum(column.shape[1] for column in columns)
    empty = np.zeros((len(columns[0]), _WIDTH - 1 - width), np.uint8)
    return np.hstack([*columns, empty]).astype(np.uint8, copy=False)
