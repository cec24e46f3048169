"""The options that choose how rows are printed, and the printing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlgit.cli import machine, template

if TYPE_CHECKING:
    from mlgit.cli.output import Output


class Shape(NamedTuple):
    """How a command was asked to print.

    Attributes:
        kind: `table`, `json`, `jsonl`, `csv`, `format`, or empty: a table for a person, else TSV.
        header: TSV begins with a line of column names.
        template: The text of `--format`.
    """

    kind: str = ""
    header: bool = False
    template: str = ""

    def on(self, output: Output) -> str:
        """The kind, where none was asked for chosen by who reads stdout."""
        return self.kind or ("table" if output.terminal.interactive else "tsv")


_OPTIONS = (
    *(
        click.option(f"--{kind}", "kind", flag_value=kind, default="", help=help_text)
        for kind, help_text in (
            ("table", "Print the table for people, also into a pipe."),
            ("json", "Print one JSON document."),
            ("jsonl", "Print one JSON document a line."),
            ("csv", "Print comma-separated values with a header."),
        )
    ),
    click.option(
        "--format",
        "template",
        default="",
        metavar="TEXT",
        help="Print TEXT for each, filling in {name} or {metrics.acc:.3f}.",
    ),
    click.option("--header", is_flag=True, help="Begin tab-separated output with its names."),
)


def shape_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as one `shape`."""

    @wraps(function)
    def command(*args: Any, kind: str, header: bool, template: str, **options: Any) -> Any:
        shape = Shape("format" if template else kind, header, template)
        return function(*args, shape=shape, **options)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def emit(
    output: Output,
    shape: Shape,
    documents: Iterable[machine.Document],
    columns: Sequence[str],
    table: Callable[[], Sequence[str]],
) -> None:
    """Print `documents` as asked: whole ones as JSON, their `columns` as rows, or `table`."""
    kind = shape.on(output)
    if kind == "table":
        output.page(table())
    elif kind == "json":
        output.data([machine.as_json(list(documents))])
    elif kind == "jsonl":
        output.data(machine.as_json_lines(documents))
    elif kind == "format":
        output.data(template.render(shape.template, documents))
    else:
        rows = ([template.look_up(row, column) for column in columns] for row in documents)
        write = machine.as_csv if kind == "csv" else machine.as_tsv
        output.data(write(columns, rows, header=shape.header or kind == "csv"))


def emit_one(
    output: Output,
    shape: Shape,
    document: machine.Document,
    table: Callable[[], Sequence[str]],
) -> None:
    """Print one document as asked: as JSON, as lines of key and value, or as `table`."""
    kind = shape.on(output)
    if kind in {"json", "jsonl"}:
        output.data([machine.as_json(document, indent=2 if kind == "json" else None)])
    elif kind in {"table", "format"}:
        emit(output, shape, [document], [], table)
    else:
        rows = [{"key": key, "value": value} for key, value in flat(document)]
        emit(output, shape, rows, ["key", "value"], table)


def flat(document: machine.Document, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`metrics.acc` and its value for every value of a document, however deep."""
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
