"""Curves on a terminal: braille dots, or letters where one colour or ASCII is all there is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.cli.numbers import aligned, number
from mlgit.cli.table import shown

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal

_STYLES = ("cyan", "magenta", "yellow", "green", "blue", "red")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Curve(NamedTuple):
    """One named line: points (x, y) in order; those with a NaN or infinite part are not drawn."""

    name: str
    points: Sequence[tuple[float, float]]


class _Frame(NamedTuple):
    """The part of the plane that is drawn, and on how many dots."""

    left: float
    right: float
    low: float
    high: float
    columns: int
    rows: int

    def dot(self, x: float, y: float) -> tuple[int, int]:
        """Column and row (from the top) of a point."""
        across = _share(x, self.left, self.right) * (self.columns - 1)
        up = _share(y, self.low, self.high) * (self.rows - 1)
        return round(across), self.rows - 1 - round(up)


def smooth(points: Sequence[tuple[float, float]], weight: float) -> list[tuple[float, float]]:
    """Exponential moving average of y, corrected for its start; `weight` 0 changes nothing."""
    average, total, out = 0.0, 0.0, []
    for x, y in points:
        if math.isfinite(y):
            average = weight * average + (1 - weight) * y
            total = weight * total + (1 - weight)
            y = average / total
        out.append((x, y))
    return out


def plot(curves: Sequence[Curve], terminal: Terminal, height: int = 15) -> list[str]:
    """The curves on common axes with a legend, as wide as the terminal; empty without points."""
    drawn = [_thinned(curve.points, terminal.width) for curve in curves]
    if not any(drawn):
        return []
    xs = [x for points in drawn for x, _ in points]
    ys = [y for points in drawn for _, y in points]
    labels = _labels(min(ys), max(ys), height)
    margin = max(map(len, labels))
    columns = max(terminal.width - margin - 2, 8)
    lettered = not terminal.unicode or (len(curves) > 1 and not terminal.colour)
    scale = (1, 1) if lettered else (2, 4)
    frame = _Frame(min(xs), max(xs), min(ys), max(ys), columns * scale[0], height * scale[1])
    cells = _letters(drawn, frame) if lettered else _braille(drawn, frame, terminal)
    axis, corner = terminal.pick("│", "|"), terminal.pick("└", "+")
    lines = [
        f"{label:>{margin}} {axis}{_row(cells, row, columns)}".rstrip()
        for row, label in enumerate(labels)
    ]
    lines.append(" " * margin + f" {corner}" + terminal.pick("─", "-") * columns)
    lines.append(" " * (margin + 2) + _ends(number(min(xs)), number(max(xs)), columns))
    return lines + list(_legend(curves, terminal, lettered))


def _thinned(points: Sequence[tuple[float, float]], columns: int) -> list[tuple[float, float]]:
    """What can be drawn; of very many points the lowest and highest of each stretch."""
    finite = [point for point in points if all(map(math.isfinite, point))]
    stretch = len(finite) // (4 * columns)
    if stretch < 2:
        return finite
    kept = {0, len(finite) - 1}
    for start in range(0, len(finite), stretch):
        window = range(start, min(start + stretch, len(finite)))
        kept.add(min(window, key=lambda index: finite[index][1]))
        kept.add(max(window, key=lambda index: finite[index][1]))
    return [finite[index] for index in sorted(kept)]


def _labels(low: float, high: float, height: int) -> list[str]:
    """The values at the top, the middle and the bottom of the axis."""
    top, middle, bottom = aligned([high, low / 2 + high / 2, low])
    labels = [""] * height
    labels[0], labels[height // 2], labels[-1] = top, middle if high > low else "", bottom
    return labels


def _share(value: float, low: float, high: float) -> float:
    """Where `value` lies between `low` and `high`; halves keep huge spans from overflowing."""
    span = high / 2 - low / 2
    return (value / 2 - low / 2) / span if span else 0.5


def _row(cells: dict[tuple[int, int], str], row: int, columns: int) -> str:
    return "".join(cells.get((column, row), " ") for column in range(columns))


def _path(points: Sequence[tuple[float, float]], frame: _Frame) -> Iterator[tuple[int, int]]:
    """Every dot on the straight lines between neighbouring points."""
    previous: tuple[int, int] | None = None
    for point in points:
        column, row = frame.dot(*point)
        from_column, from_row = previous or (column, row)
        steps = max(abs(column - from_column), abs(row - from_row), 1)
        for step in range(steps + 1):
            yield (
                from_column + round((column - from_column) * step / steps),
                from_row + round((row - from_row) * step / steps),
            )
        previous = (column, row)


def _letters(
    drawn: Sequence[Sequence[tuple[float, float]]], frame: _Frame
) -> dict[tuple[int, int], str]:
    """One letter a curve; `*` where only one curve is drawn."""
    cells: dict[tuple[int, int], str] = {}
    for index, points in enumerate(drawn):
        mark = _LETTERS[index % len(_LETTERS)] if len(drawn) > 1 else "*"
        cells.update(dict.fromkeys(_path(points, frame), mark))
    return cells


def _braille(
    drawn: Sequence[Sequence[tuple[float, float]]], frame: _Frame, terminal: Terminal
) -> dict[tuple[int, int], str]:
    """Eight dots a cell; a cell that several curves cross has the colour of the last."""
    bits: dict[tuple[int, int], int] = {}
    owner: dict[tuple[int, int], int] = {}
    for index, points in enumerate(drawn):
        for column, row in _path(points, frame):
            cell = (column // 2, row // 4)
            bits[cell] = bits.get(cell, 0) | _DOTS[row % 4][column % 2]
            owner[cell] = index
    return {
        cell: terminal.paint(chr(0x2800 + value), _STYLES[owner[cell] % len(_STYLES)])
        for cell, value in bits.items()
    }


def _ends(left: str, right: str, columns: int) -> str:
    return left + right.rjust(columns - len(left))


def _legend(curves: Sequence[Curve], terminal: Terminal, lettered: bool) -> Iterator[str]:
    """One line a curve: its mark, its name, where it ends."""
    for index, curve in enumerate(curves):
        letter = _LETTERS[index % len(_LETTERS)] if len(curves) > 1 else "*"
        mark = letter if lettered else terminal.paint("━━", _STYLES[index % len(_STYLES)])
        last = number(curve.points[-1][1]) if curve.points else "no points"
        yield f"  {mark} {shown(curve.name, terminal, terminal.width - 24)}  {last}"
