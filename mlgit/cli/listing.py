"""The table of runs: how each column is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlgit.cli.machine import Document, text
from mlgit.cli.numbers import ago, aligned, duration
from mlgit.cli.table import Cell, Column
from mlgit.cli.template import look_up
from mlgit.search.judging import Contender, best_value, winner
from mlgit.times import from_iso

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal

_STATUS_MARKS = {
    "RUNNING": ("▶", ">"),
    "SCHEDULED": ("◌", "."),
    "FAILED": ("✗", "x"),
    "KILLED": ("✗", "x"),
    "LOST": ("?", "?"),
}
_STATUS_STYLES = {"RUNNING": "cyan", "FAILED": "red", "KILLED": "red"}


def best_of(documents: Sequence[Document], metric: str) -> str:
    """Id of the finished run with the best value of a metric; empty where none has one."""
    return winner(
        metric,
        [
            Contender(one["id"], from_iso(one["start"]), one["metrics"].get(metric))
            for one in documents
            if one["status"] == "FINISHED"
        ],
    )


def table_columns(
    documents: Sequence[Document],
    paths: Sequence[str],
    terminal: Terminal,
    now: int,
    trends: Mapping[str, str],
) -> list[Column]:
    """Mark, name and age of each run, then `paths`; the trend stands behind its metric.

    Where there is little room a parameter goes before the second metric, and so on.
    """
    metrics = [path for path in paths if path.startswith("metrics.")]
    columns = _heads(documents, metrics[0].partition(".")[2] if metrics else "", terminal, now)
    ranks = {"metrics": 1, "params": 2}
    for path in paths:
        section = path.partition(".")[0]
        columns.append(_column(path, documents, now)._replace(rank=ranks.get(section, 1)))
        ranks[section] = ranks.get(section, 1) + 2
        if trends and path == metrics[0]:
            cells = [Cell(trends.get(document["id"], "")) for document in documents]
            columns.append(Column("trend", cells, rank=2))
    return columns


def _heads(
    documents: Sequence[Document], primary: str, terminal: Terminal, now: int
) -> list[Column]:
    """What every table begins with; ids where two runs share a name."""
    best = best_of(documents, primary) if primary else ""
    names = [document["name"] for document in documents]
    ids = [Column("ID", [Cell(document["id"][:8]) for document in documents])]
    return [
        Column("", [_mark(document, best, terminal) for document in documents]),
        *(ids if len(set(names)) < len(names) else []),
        Column("RUN", [Cell(document["name"] or document["id"][:8]) for document in documents]),
        Column("WHEN", [_when(document, now) for document in documents]),
    ]


def _column(path: str, documents: Sequence[Document], now: int) -> Column:
    values = [look_up(document, path) for document in documents]
    if path.startswith("metrics."):
        return _metric(path.partition(".")[2], values)
    head = _HEADS.get(path) or path.removeprefix("params.")
    cells = [Cell(_SHOWN[path](value, now) if path in _SHOWN else text(value)) for value in values]
    right = path == "duration_ms" or all(_numeric(value) for value in values if value)
    return Column(head, cells, right=right, limit=24)


def _metric(name: str, values: Sequence[Any]) -> Column:
    """A column of numbers with the best one in bold."""
    best = best_value(name, values)
    written = aligned(values)
    cells = [
        Cell(shown, ("bold", "green") if value is not None and value == best else ())
        for shown, value in zip(written, values, strict=True)
    ]
    return Column(name, cells, right=True)


def _mark(document: Document, best: str, terminal: Terminal) -> Cell:
    status = document["status"]
    if status in _STATUS_MARKS:
        return Cell(terminal.pick(*_STATUS_MARKS[status]), (_STATUS_STYLES.get(status, "dim"),))
    return Cell("*", ("green",)) if document["id"] == best else Cell("")


def _when(document: Document, now: int) -> Cell:
    return Cell(ago(from_iso(document["start"]), now), ("dim",))


def _numeric(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _time_shown(value: Any, now: int) -> str:
    return ago(from_iso(value), now) if value else ""


_HEADS = {"duration_ms": "took", "code.commit": "commit", "code.branch": "branch"}
_SHOWN: dict[str, Callable[[Any, int], str]] = {
    "start": _time_shown,
    "end": _time_shown,
    "duration_ms": lambda value, _: "" if value is None else duration(value),
    "code.commit": lambda value, _: str(value)[:10],
}
