"""Runs as plain HTML and Markdown tables: no script, so a saved notebook keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from mlgit import times
from mlgit.entities.values import RunData, RunInfo

_SHOWN_COLUMNS = 8
_SYSTEM_TAGS = "mlflow."


def run_html(info: RunInfo, data: RunData) -> str:
    """One run as a table of two columns."""
    return _html_table((), _run_rows(info, data))


def run_markdown(info: RunInfo, data: RunData) -> str:
    """One run as a Markdown table of two columns."""
    lines = ["| | |", "|---|---|"]
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in _run_rows(info, data)]
    return "\n".join(lines)


def list_html(items: Sequence[object]) -> str:
    """A list as a table; runs get columns for their first metrics and parameters."""
    runs = [item for item in items if hasattr(item, "info") and hasattr(item, "data")]
    if len(runs) != len(items):
        return _html_table(("",), ([repr(item)] for item in items))
    metrics = _first_keys(run.data.metrics for run in runs)
    params = _first_keys(run.data.params for run in runs)
    rows = (
        [
            run.info.run_name,
            run.info.status,
            _when(run.info.start_time),
            *(_number(run.data.metrics.get(key)) for key in metrics),
            *(str(run.data.params.get(key, "")) for key in params),
        ]
        for run in runs
    )
    return _html_table(("run", "status", "start", *metrics, *params), rows)


def _run_rows(info: RunInfo, data: RunData) -> list[tuple[str, str]]:
    rows = [
        ("run", f"{info.run_name} ({info.run_id})"),
        ("status", info.status),
        ("start", _when(info.start_time)),
        ("end", _when(info.end_time)),
    ]
    rows += [(f"metrics.{key}", _number(value)) for key, value in data.metrics.items()]
    rows += [(f"params.{key}", value) for key, value in data.params.items()]
    own = {k: v for k, v in data.tags.items() if not k.startswith(_SYSTEM_TAGS)}
    return rows + [(f"tags.{key}", value) for key, value in own.items()]


def _first_keys(mappings: Iterable[dict[str, object]]) -> list[str]:
    seen = dict.fromkeys(key for mapping in mappings for key in mapping)
    return list(seen)[:_SHOWN_COLUMNS]


def _when(ms: int | None) -> str:
    return times.iso(ms)[:19].replace("T", " ") if ms is not None else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _cell(text: str) -> str:
    return escape(text).replace("|", "\\|").replace("\n", " ")


def _html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
