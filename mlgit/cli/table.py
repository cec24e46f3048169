"""Rows and columns as aligned text that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlgit.cli.escape import clip, width
from mlgit.cli.terminal import Terminal

_GAP = "  "


class Cell(NamedTuple):
    """What one cell shows; `styles` are colour names and carry no meaning of their own."""

    text: str
    styles: tuple[str, ...] = ()


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        head: Its heading.
        cells: One per row.
        right: Align to the right, as numbers are.
        limit: Most terminal columns it may take.
    """

    head: str
    cells: Sequence[Cell]
    right: bool = False
    limit: int = 32


def lay_out(columns: Sequence[Column], terminal: Terminal) -> tuple[list[str], list[str]]:
    """The lines of a table as wide as the terminal, and the headings that did not fit."""
    shown: list[list[str]] = []
    used = 0
    for index, column in enumerate(columns):
        block = _block(column, terminal, last=index == len(columns) - 1)
        needed = max(map(width, block)) + (len(_GAP) if shown else 0)
        if shown and used + needed > terminal.width:
            return _joined(shown), [left.head for left in columns[index:]]
        used += needed
        shown.append(block)
    return _joined(shown), []


def _joined(blocks: list[list[str]]) -> list[str]:
    return [_GAP.join(line).rstrip() for line in zip(*blocks, strict=True)]


def _block(column: Column, terminal: Terminal, *, last: bool) -> list[str]:
    """Heading and cells of one column, padded to one width."""
    limit = min(column.limit, terminal.width)
    cells = [Cell(column.head, ("bold",)), *column.cells]
    texts = [shown(cell.text, terminal, limit) for cell in cells]
    room = max(map(width, texts))
    painted = zip(texts, cells, strict=True)
    return [
        _padded(terminal.paint(text, *cell.styles), room - width(text), column.right, last)
        for text, cell in painted
    ]


def _padded(text: str, missing: int, right: bool, last: bool) -> str:
    if right:
        return " " * missing + text
    return text if last else text + " " * missing


def shown(text: str, terminal: Terminal, limit: int) -> str:
    """One cell's text, harmless, in the letters the terminal has, cut to `limit` columns."""
    return clip(terminal.safe(text), limit, terminal.pick("…", "~"))
