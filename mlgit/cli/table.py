"""Rows and columns as aligned text that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlgit.cli.escape import clip, width
from mlgit.cli.terminal import Terminal

_GAP = "  "
_LEAST = 10  # terminal columns that a cut text needs to say anything


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
    """The lines of a table as wide as the terminal, and the headings that did not fit.

    A column of text that is too wide for what is left is cut, where enough is left to read it.
    """
    blocks: list[list[str]] = []
    used = 0
    for index, column in enumerate(columns):
        room = terminal.width - used - (len(_GAP) if blocks else 0)
        last = index == len(columns) - 1
        block = _block(column, terminal, column.limit, last)
        if _wide(block) > room >= _LEAST and not column.right:
            block = _block(column, terminal, room, last)
        if blocks and _wide(block) > room:
            return _joined(blocks), [left.head for left in columns[index:]]
        used = terminal.width - room + _wide(block)
        blocks.append(block)
    return _joined(blocks), []


def _wide(block: list[str]) -> int:
    return max(map(width, block))


def _joined(blocks: list[list[str]]) -> list[str]:
    return [_GAP.join(line).rstrip() for line in zip(*blocks, strict=True)]


def _block(column: Column, terminal: Terminal, limit: int, last: bool) -> list[str]:
    """Heading and cells of one column, cut to `limit` and padded to one width."""
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
