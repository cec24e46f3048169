"""The table of runs: which columns it has, and how each is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.cli.machine import Document, text
from mlgit.cli.numbers import ago, aligned, counted, duration
from mlgit.cli.table import Cell, Column
from mlgit.cli.template import look_up
from mlgit.cli.terminal import Terminal
from mlgit.search.judging import lower_is_better
from mlgit.times import from_iso

if TYPE_CHECKING:
    from mlgit.search.order import Keys

MOST_METRICS = 4
MOST_PARAMS = 6
_SYSTEM = "system/"
_STATUS_MARKS = {
    "RUNNING": ("▶", ">"),
    "SCHEDULED": ("◌", "."),
    "FAILED": ("✗", "x"),
    "KILLED": ("✗", "x"),
}
_STATUS_STYLES = {"RUNNING": "cyan", "FAILED": "red", "KILLED": "red"}
_HELD_OUT = ("val", "test", "eval")


class Selection(NamedTuple):
    """The columns of a list of runs.

    Attributes:
        paths: Fields of the documents, in order.
        constant: Parameters left out because all runs agree on them.
        more: Metrics and parameters left out because there are too many.
    """

    paths: Sequence[str]
    constant: int = 0
    more: int = 0

    def hidden(self) -> str:
        """What is not shown, for the note below the table; empty when all is."""
        parts = [
            counted(self.constant, "constant parameter") if self.constant else "",
            counted(self.more, "more column") if self.more else "",
        ]
        said = " and ".join(filter(None, parts))
        return f"Hidden: {said} (--columns all)." if said else ""


def every_column(documents: Sequence[Document]) -> Selection:
    """Every metric, parameter and tag that any run has."""
    head = ["experiment", "status", "start", "duration_ms", "user"]
    keyed = [
        f"{section}.{key}"
        for section in ("metrics", "params", "tags")
        for key in _counted(documents, section)
    ]
    return Selection(head + keyed)


def usual_columns(documents: Sequence[Document], first: str) -> Selection:
    """Metrics first, then the parameters that vary; `first` is the one to judge by."""
    metrics = metric_order(documents, first)
    params = _counted(documents, "params")
    one = len(documents) == 1
    varying = [key for key in params if one or _varies(documents, "params", key)]
    varying.sort(key=lambda key: -_share(params[key], documents))
    experiments = {document["experiment"] for document in documents}
    paths = ["experiment"] if len(experiments) > 1 else []
    paths += [f"metrics.{key}" for key in metrics[:MOST_METRICS]]
    paths += [f"params.{key}" for key in varying[:MOST_PARAMS]]
    more = len(metrics[MOST_METRICS:]) + len(varying[MOST_PARAMS:])
    return Selection(paths, constant=len(params) - len(varying), more=more)


def metric_order(documents: Sequence[Document], first: str) -> list[str]:
    """The metrics in use: `first`, then those that most runs have, held-out data before others."""
    counted = _counted(documents, "metrics")
    known = [key for key in counted if not key.startswith(_SYSTEM)]
    return sorted(
        known,
        key=lambda key: (
            key != first,
            -_share(counted[key], documents),
            not key.startswith(_HELD_OUT),
        ),
    )


def best_of(documents: Sequence[Document], metric: str) -> str:
    """Id of the finished run with the best value of a metric; empty where none has one."""
    sign = -1 if lower_is_better(metric) else 1
    judged = [
        (sign * value, document["id"])
        for document in documents
        for value in [document["metrics"].get(metric)]
        if value is not None and value == value and document["status"] == "FINISHED"
    ]
    return max(judged)[1] if len(judged) > 1 else ""


def path_of(name: str, keys: Keys) -> str:
    """The field of the documents that `acc`, `params.lr`, `took` or `code.commit` means.

    Raises:
        NotFound, QueryError: Nothing has that name.
    """
    if name in _PATHS:
        return _PATHS[name]
    from mlgit.search.expression import Kind
    from mlgit.search.order import named_field

    field = named_field(name, keys)
    if field.kind is Kind.ATTRIBUTE:
        return _PATHS.get(field.key, field.key)
    return f"{field.kind.name.lower()}s.{field.key}"


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
    finite = [value for value in values if value is not None and value == value]
    best = (min if lower_is_better(name) else max)(finite) if len(finite) > 1 else None
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


def _counted(documents: Sequence[Document], section: str) -> Counter[str]:
    """How many runs have each key; keys in the order they were first seen."""
    return Counter(key for document in documents for key in document[section])


def _varies(documents: Sequence[Document], section: str, key: str) -> bool:
    return len({document[section].get(key) for document in documents}) > 1


def _share(count: int, documents: Sequence[Document]) -> int:
    """Whether most, some or few runs have it: 2, 1, 0."""
    return 2 if 2 * count > len(documents) else 1 if 10 * count > len(documents) else 0


def _numeric(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _time_shown(value: Any, now: int) -> str:
    return ago(from_iso(value), now) if value else ""


_PATHS = {
    "run_id": "id",
    "run_name": "name",
    "start_time": "start",
    "end_time": "end",
    "duration": "duration_ms",
    "took": "duration_ms",
    "user_id": "user",
    "dirty": "code.dirty",
    "repository": "code.repository",
    "source_name": "source.name",
    "source_type": "source.type",
    "commit": "code.commit",
    "branch": "code.branch",
    **{path: path for path in ("code.commit", "code.branch", "code.dirty", "code.patch")},
    **{path: path for path in ("source.name", "source.command", "duration_ms", "lifecycle")},
}
_HEADS = {"duration_ms": "took", "code.commit": "commit", "code.branch": "branch"}
_SHOWN: dict[str, Callable[[Any, int], str]] = {
    "start": _time_shown,
    "end": _time_shown,
    "duration_ms": lambda value, _: "" if value is None else duration(value),
    "code.commit": lambda value, _: str(value)[:10],
}
