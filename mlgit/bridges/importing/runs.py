"""One run of a source as what it brings to the branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import nan
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.bridges.importing.losing import losing
from mlgit.errors import InvalidValue
from mlgit.records import layout, names, system_tags
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.records.history import History
from mlgit.records.inputs import DatasetInput, Inputs, dump_inputs, validate_dataset
from mlgit.records.metrics import Point
from mlgit.records.run import Run
from mlgit.runs import segments
from mlgit.runs.frames import ROW
from mlgit.runs.history import Before, outlet_of, place
from mlgit.runs.redact import redacted_value
from mlgit.runs.segments import Segment
from mlgit.store.publication import Publication

if TYPE_CHECKING:
    from mlgit.bridges.importing.files import Intake
    from mlgit.bridges.sources.source import FoundRun, Source
    from mlgit.records.experiment import Experiment
    from mlgit.runs.journal_records import Series
    from mlgit.store.store import Store

TextOf = Callable[[str, object], tuple[str, names.Truncated | None]]


def publication_of(store: Store, found: FoundRun, home: Experiment, intake: Intake) -> Publication:
    """The run with all its files; what the format has no place for is left out, and named."""
    source, run_id = intake.source, found.run.id
    run = _with_tags(found.run, kept("tag", found.tags, names.tag_value, run_id, source))
    params = kept("param", found.run.params, names.param_value, run_id, source)
    run = _timed(run._replace(params=params, experiment_id=home.id))
    part = _segment(_checked_points(found, source))
    summary = segments.summary([part])
    before = Before({}, (), History())
    placed = place([part], before, summary, outlet_of(store), ends=True)
    taken = intake.of(found.files, run_id)
    entries = [*taken.entries, *_entry(placed.artifact)]
    files = {**placed.files, **taken.files}
    if entries:
        files[layout.ARTIFACTS] = dump_manifest(entries)
    inputs = _checked_inputs(found.inputs, run_id, source)
    if inputs.datasets or inputs.models:
        files[layout.INPUTS] = dump_inputs(inputs)
    run = run._replace(metrics=summary, history=placed.history)
    return Publication(run, home, files, intake.folder_of(run_id))


def kept(
    kind: str, values: Mapping[str, str], text_of: TextOf, run_id: str, source: Source
) -> dict[str, str]:
    """Texts by the rules that logged ones follow: keys checked, values cut, secrets taken out."""
    found: dict[str, str] = {}
    for key, value in values.items():
        try:
            names.validate_key(kind, key)
        except InvalidValue as error:
            source.lose(f"{kind} {key[:80]!r} of {run_id}", error.message)
            continue
        text = redacted_value(key, value)
        if text != value:
            source.lose(f"{kind} {key!r} of {run_id}", "it looks like a secret: its value stays")
        found[key], cut = text_of(key, text)
        if cut:
            source.lose(f"{kind} {key!r} of {run_id}", str(cut))
    return found


def _with_tags(run: Run, tags: Mapping[str, str]) -> Run:
    plain = {key: value for key, value in tags.items() if key not in system_tags.SYSTEM_TAGS}
    run = run._replace(tags=plain)
    for key in system_tags.SYSTEM_TAGS:  # in this order: a type counts where there is a name
        if key in tags and key != "mlflow.runName":  # whose field counts, as in MLflow
            run = run.with_tag(key, tags[key])
    return run._replace(name=run.name[: names.MAX_RUN_NAME].strip() or run.id)


def _timed(run: Run) -> Run:
    """The run with times that the format has a place for."""
    start = min(max(run.start, 0), times.MAX_TIME_MS)
    end = run.end if run.end is None else min(max(run.end, 0), times.MAX_TIME_MS)
    return run._replace(start=start, end=end)


def _checked_points(found: FoundRun, source: Source) -> list[Point]:
    fine = {key for key in {point.key for point in found.points} if _is_key(key, found, source)}
    return [point for point in found.points if point.key in fine]


def _is_key(key: str, found: FoundRun, source: Source) -> bool:
    try:
        names.validate_key("metric", key)
    except InvalidValue as error:
        source.lose(f"metric {key[:80]!r} of {found.run.id}", error.message)
        return False
    return True


def _segment(points: list[Point]) -> Segment:
    """The points as one metric file, in their order; the same point twice is one."""
    numbers: dict[tuple[str, str, str, str], int] = {}
    rows = bytearray()
    one_nan = (
        point if point.value == point.value else point._replace(value=nan) for point in points
    )
    for step, stamp, key, value, *link in dict.fromkeys(one_nan):
        number = numbers.setdefault((key, *link), len(numbers))  # type: ignore[arg-type]
        rows += ROW.pack(number, step, stamp, value)
    series: dict[int, Series] = {number: one for one, number in numbers.items()}
    return Segment(layout.METRICS, bytes(rows), series)


def _checked_inputs(found: Inputs, run_id: str, source: Source) -> Inputs:
    datasets: list[DatasetInput] = []
    for one in found.datasets:
        with losing(source, f"dataset {one.name[:80]!r} of {run_id}"):
            datasets.append(validate_dataset(one))
    return found._replace(datasets=tuple(datasets))


def _entry(made: ArtifactEntry | None) -> list[ArtifactEntry]:
    return [] if made is None else [made]
