"""`mlgit log-run`: a run recorded from the command line, by any program in any language."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.arguments import EXPERIMENT, RUN
from mlgit.cli.command import Command
from mlgit.cli.intake import STATUSES, checked, overruled
from mlgit.cli.numbers import number
from mlgit.cli.progress import working
from mlgit.cli.request import Request, moment_of, read_document
from mlgit.cli.session import Session, pass_session
from mlgit.errors import MlgitError
from mlgit.records.run import RunStatus, Source
from mlgit.times import now_ms

if TYPE_CHECKING:
    from mlgit.records.metrics import Point
    from mlgit.runs.live import ActiveRun

_FILE = click.Path(exists=True, path_type=Path)


@click.command(
    cls=Command,
    name="log-run",
    examples="""
    mlgit log-run -e churn -p lr=0.1 -p model=gbdt -m acc=0.93 -a model.pkl
    mlgit log-run -e churn --metrics-file history.csv --tag team=risk --note "first try"
    mlgit log-run --from run.json
    mlgit log-run --run @last -m test_acc=0.91 -a report.html=reports/test.html
    """,
)
@click.option("-e", "--experiment", default="", type=EXPERIMENT, help="Made where it is new.")
@click.option("-p", "--param", "params", multiple=True, metavar="K=V", help="A parameter.")
@click.option(
    "-m", "--metric", "metrics", multiple=True, metavar="K=V[@STEP]", help="A value of a metric."
)
@click.option(
    "--metrics-file",
    "files",
    multiple=True,
    type=_FILE,
    help="CSV or JSON lines: step,timestamp,key,value or step and a column a metric.",
)
@click.option(
    "-a",
    "--artifact",
    "artifacts",
    multiple=True,
    metavar="PATH[=NAME]",
    type=click.Path(),
    help="A file or folder to keep, below its own name or NAME.",
)
@click.option("-t", "--tag", "tags", multiple=True, metavar="K=V", help="A tag.")
@click.option("--name", default="", help="Name of the run; one is made up.")
@click.option("--note", default="", help="A description.")
@click.option(
    "--status",
    type=click.Choice([status.lower() for status in STATUSES], case_sensitive=False),
    default=None,
    help="How it ended; finished unless said.",
)
@click.option("--parent", default="", type=RUN, metavar="RUN", help="The run it belongs to.")
@click.option("--start", default="", metavar="TIME", help="When it began; now unless said.")
@click.option("--end", default="", metavar="TIME", help="When it ended; now unless said.")
@click.option(
    "--from", "source", default="", metavar="FILE", help="A JSON or YAML document; - is stdin."
)
@click.option(
    "--run", "existing", default="", type=RUN, metavar="RUN", help="Add to this run instead."
)
@pass_session
def log_run(session: Session, /, *, source: str, existing: str, **options: Any) -> None:
    """Record a finished run from the command line.

    One commit holds all of it; code, user and packages are captured too. The id of the run is
    printed to stdout. Times are 2026-11-23, 2026-11-23T08:14:51Z or 10m ago; without a zone UTC.
    A document holds the long names of these options as keys: params, metrics, tags, artifacts.
    """
    written_at = moment_of(options["end"]) or now_ms()
    document = read_document(source, written_at) if source else Request()
    request = checked(overruled(document, options, written_at))
    if existing:
        active = _resumed(session, existing)
        _add_words(active, request)
    else:
        active = _started(session, request)
    _log(session, active, request)
    default = None if existing else RunStatus.FINISHED
    status = RunStatus(request.status.upper()) if request.status else default
    _finish(session, active, status, moment_of(request.end))
    session.output.data([active.id])
    session.output.note(_summary(active, request.metrics, spooled=session.recorder.spools))


def _started(session: Session, request: Request) -> ActiveRun:
    from mlgit.runs.begin import RunRequest, start

    parent = _run_id(session, request.parent) if request.parent else ""
    named = os.environ.get("MLGIT_EXPERIMENT") or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    return start(
        session.recorder,
        request.experiment or named or "Default",
        RunRequest(
            name=request.name,
            tags=request.tags,
            note=request.note,
            parent=parent,
            start=moment_of(request.start),
            source=Source(name="mlgit log-run"),
            strict=True,
        ),
    )


def _resumed(session: Session, reference: str) -> ActiveRun:
    from mlgit.runs.begin import RunRequest, visit

    return visit(session.recorder, _run_id(session, reference), RunRequest(strict=True))


def _run_id(session: Session, reference: str) -> str:
    """The whole id of a run; one that is only in the spool is known by nothing else."""
    from mlgit.runs.journals import paths_of

    store = session.recorder
    if store.spools and paths_of(store.data, reference):
        return reference
    return session.find(reference).run.id


def _log(session: Session, active: ActiveRun, request: Request) -> None:
    if request.params:
        active.log_params(request.params)
    if request.metrics:
        active.log_points(request.metrics)
    for path, name in request.artifacts:
        source = Path(path)
        target = name or source.resolve().name
        with working(session.output, f"reading {path}"):
            (active.add_folder if source.is_dir() else active.add_file)(source, target)


def _add_words(active: ActiveRun, request: Request) -> None:
    """What a run that is there already is given beside metrics and artifacts."""
    if request.tags:
        active.set_tags(request.tags)
    if request.note:
        active.set_note(request.note)
    if request.name:
        active.rename(request.name)


def _finish(session: Session, active: ActiveRun, status: RunStatus | None, end: int | None) -> None:
    """Put the run on the branch; where that fails, say that nothing is lost."""
    try:
        active.finish(status, end)
    except MlgitError:
        session.output.warn(
            f"run {active.id} is kept in its journal, do not record it again",
            "any later mlgit command publishes it",
        )
        raise


def _summary(active: ActiveRun, points: Sequence[Point], *, spooled: bool) -> str:
    """What was recorded, in one line."""
    last = {point.key: point.value for point in points}
    metrics = [f"{key} {number(value)}" for key, value in last.items()]
    more = [f"and {len(metrics) - 3} more"] if len(metrics) > 3 else []
    said = f"run {active.run.name} -> {active.experiment.name}"
    waits = "in the spool until `mlgit flush`" if spooled else ""
    return "   ".join(filter(None, (said, ", ".join(metrics[:3] + more), waits)))
