"""Rows and columns as aligned text that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.cli.escape import clip, width

if TYPE_CHECKING:
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
        rank: Lower ones are shown first where there is little room.
    """

    head: str
    cells: Sequence[Cell]
    right: bool = False
    limit: int = 32
    rank: int = 0


def lay_out(columns: Sequence[Column], terminal: Terminal) -> tuple[list[str], list[str]]:
    """The lines of a table as wide as the terminal, and the headings that did not fit.

    Columns of a lower rank come first where there is little room, whatever their place. A column
    of text that is too wide for what is left is cut, where enough is left to read it.
    """
    blocks: dict[int, list[str]] = {}
    room = terminal.width + len(_GAP)
    for index in sorted(range(len(columns)), key=lambda index: columns[index].rank):
        column, last = columns[index], index == len(columns) - 1
        block = _block(column, terminal, column.limit, last)
        if _wide(block) > room - len(_GAP) >= _LEAST and not column.right:
            block = _block(column, terminal, room - len(_GAP), last)
        if not blocks or _wide(block) + len(_GAP) <= room:
            blocks[index] = block
            room -= _wide(block) + len(_GAP)
    lines = zip(*(blocks[index] for index in sorted(blocks)), strict=True)
    left = [column.head for index, column in enumerate(columns) if index not in blocks]
    return [_GAP.join(line).rstrip() for line in lines], left


def _wide(block: list[str]) -> int:
    return max(map(width, block))


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
