"""`mlgit show`: everything about one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.command import Command
from mlgit.cli.document import artifact_documents, run_document, status_of
from mlgit.cli.numbers import ago, aligned, counted, duration, number, size
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit_one, shape_options
from mlgit.cli.sparkline import sparkline
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.times import iso, now_ms

if TYPE_CHECKING:
    from mlgit.cli.comparison import Facts
    from mlgit.cli.terminal import Terminal
    from mlgit.records.inputs import Inputs
    from mlgit.records.metrics import Point
    from mlgit.records.run import Run

_TREND = 20


@click.command(
    cls=Command,
    examples="""
    mlgit show @last
    mlgit show brisk-otter-12 --files
    mlgit show 3f2a --json
    """,
)
@click.argument("run", type=RUN)
@click.option("--files", is_flag=True, help="List the artifacts too.")
@shape_options
@pass_session
def show(session: Session, *, run: str, files: bool, shape: Shape) -> None:
    """Show one run.

    Where it comes from, its metrics with their course, parameters, tags, data and models.
    """
    found = session.find(run)
    facts = session.facts(found)
    document = run_document(facts.run, facts.experiment)
    document["datasets"] = [
        {"name": each.name, "digest": each.digest, "context": _context(each.tags)}
        for each in facts.datasets
    ]
    document["artifacts"] = artifact_documents(facts.artifacts)
    seen = session.seen(found)
    models = document["models"] = _models_from(session, seen.inputs)
    terminal = session.output.terminal
    emit_one(
        session.output,
        shape,
        document,
        lambda: list(page(facts, seen.outline, models, terminal, files=files)),
    )


def page(
    facts: Facts,
    points: Sequence[Point],
    models: Sequence[Mapping[str, str | int]],
    terminal: Terminal,
    *,
    files: bool,
) -> Iterator[str]:
    """The head of the run, then a table a section, empty sections left out."""
    yield terminal.paint(terminal.safe(facts.run.name), "bold")
    for label, value in _head(facts, files=files):
        first, *rest = value.splitlines()
        yield f"{label:<11} {terminal.safe(first)}"
        yield from (f"{'':<11} {terminal.safe(line)}" for line in rest)
    sections = (
        _metrics(facts, points, terminal),
        _pairs("PARAM", facts.run.params),
        _pairs("TAG", facts.run.tags),
        _datasets(facts),
        _models(models),
        _artifacts(facts) if files else [],
    )
    for columns in sections:
        if columns:
            yield ""
            yield from lay_out(columns, terminal)[0]


def _head(facts: Facts, *, files: bool) -> Iterator[tuple[str, str]]:
    """Label and text of every line above the tables that has something to say."""
    run, now = facts.run, now_ms()
    took = "" if run.end is None else f", took {duration(run.end - run.start)}"
    total = size(sum(entry.size for entry in facts.artifacts))
    files_said = f"{counted(len(facts.artifacts), 'file')}, {total}" if facts.artifacts else ""
    lines = {
        "id": run.id,
        "experiment": facts.experiment,
        "status": status_of(run) + (", deleted" if run.lifecycle == "deleted" else ""),
        "started": f"{ago(run.start, now)} ({iso(run.start)[:19].replace('T', ' ')} UTC){took}",
        "by": " on ".join(filter(None, (run.user, run.host))),
        "parent": run.parent,
        "code": _code(facts),
        "command": run.source.command or run.source.name,
        "history": _history(run),
        "in conflict": _contested(facts),
        "artifacts": files_said + (" (--files)" if files_said and not files else ""),
        "note": run.note,
    }
    yield from ((label, text) for label, text in lines.items() if text)


def _code(facts: Facts) -> str:
    code = facts.run.code
    if not code.commit:
        return ""
    branch = f" on {code.branch}" if code.branch else ""
    changes = f", with uncommitted changes ({code.patch or 'not kept'})" if code.dirty else ""
    return code.commit[:12] + branch + changes


def _history(run: Run) -> str:
    """Where the points are that git does not have."""
    if not run.history.sampled:
        return ""
    kept = ", ".join(run.history.artifacts)
    where = f"kept as artifact {kept}" if kept else "in the journal until the run ends"
    return f"down-sampled: {run.history.points:,} points {where}"


def _contested(facts: Facts) -> str:
    """What two clones set differently: the base of it is shown."""
    sections = ((name, one) for name, one in facts.run.extra.items() if isinstance(one, Mapping))
    values = [
        f"{name}.{key}"
        for name, section in sections
        for key, value in section.items()
        if isinstance(value, Mapping) and "sides" in value
    ]
    paths = [entry.path for entry in facts.artifacts]
    twice = [f"artifacts.{path}" for path in dict.fromkeys(paths) if paths.count(path) > 1]
    return f"{', '.join([*values, *twice])} (mlgit conflicts)" if values or twice else ""


def _metrics(facts: Facts, points: Sequence[Point], terminal: Terminal) -> list[Column]:
    summaries = facts.run.metrics
    if not summaries:
        return []
    courses: dict[str, list[float]] = {key: [] for key in summaries}
    for point in points:
        courses.setdefault(point.key, []).append(point.value)
    trends = [
        sparkline(courses[key], _TREND, unicode=terminal.unicode) if len(courses[key]) > 1 else ""
        for key in summaries
    ]
    each = list(summaries.values())
    return [
        Column("METRIC", [Cell(key) for key in summaries], limit=40),
        _right("last", aligned([float(summary.last) for summary in each])),
        _right("step", [str(summary.step) for summary in each]),
        _right("min", [number(summary.min) for summary in each]),
        _right("max", [number(summary.max) for summary in each]),
        _right("points", [str(summary.points) for summary in each]),
        Column("trend", [Cell(trend) for trend in trends]),
    ]


def _pairs(head: str, pairs: Mapping[str, str]) -> list[Column]:
    if not pairs:
        return []
    keys, values = [Cell(key) for key in pairs], [Cell(value) for value in pairs.values()]
    return [Column(head, keys, limit=40), Column("value", values, limit=120)]


def _datasets(facts: Facts) -> list[Column]:
    found = facts.datasets
    if not found:
        return []
    return [
        Column("DATA", [Cell(each.name) for each in found], limit=40),
        Column("digest", [Cell(each.digest) for each in found]),
        Column("context", [Cell(_context(each.tags)) for each in found]),
        Column("source", [Cell(each.source_type) for each in found]),
    ]


def _models_from(session: Session, inputs: Inputs) -> list[dict[str, str | int]]:
    """The logged models that came out of a run; the name is empty where the model is not here."""
    made = [link for link in inputs.models if link.direction == "out"]
    if not made:
        return []
    from mlgit.errors import Damaged, NotFound
    from mlgit.runs.logged_models import find_model, read_model

    snapshot, names = session.store.snapshot(), dict[str, str]()
    for link in made:
        with suppress(NotFound, Damaged):
            folder = find_model(snapshot, link.model_id)
            names[link.model_id] = read_model(snapshot, folder).name
    return [
        {"id": link.model_id, "name": names.get(link.model_id, ""), "step": link.step}
        for link in made
    ]


def _models(found: Sequence[Mapping[str, str | int]]) -> list[Column]:
    if not found:
        return []
    return [
        Column("MODEL", [Cell(str(each["name"])) for each in found], limit=40),
        Column("id", [Cell(str(each["id"])) for each in found], limit=40),
        _right("step", [str(each["step"]) for each in found]),
    ]


def _context(tags: Mapping[str, str]) -> str:
    return tags.get("mlflow.data.context", "")


def _artifacts(facts: Facts) -> list[Column]:
    found = sorted(facts.artifacts, key=lambda entry: entry.path)
    if not found:
        return []
    return [
        Column("ARTIFACT", [Cell(entry.path) for entry in found], limit=60),
        _right("size", [size(entry.size) for entry in found]),
        Column("sha256", [Cell(entry.sha256[:12]) for entry in found]),
        Column(
            "where", [Cell(entry.uri or ("git" if entry.inline else "store")) for entry in found]
        ),
    ]


def _right(head: str, texts: Sequence[str]) -> Column:
    return Column(head, [Cell(text) for text in texts], right=True)
