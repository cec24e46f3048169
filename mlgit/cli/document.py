"""One run or experiment as the document that `--json` prints and `--format` looks into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlgit.times import iso

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.experiment import Experiment
    from mlgit.records.run import MetricSummary, Run


def run_document(run: Run, experiment: str) -> dict[str, Any]:
    """A run: `metrics` holds last values, `summaries` the rest of what is known of each metric."""
    return {
        "id": run.id,
        "name": run.name,
        "experiment": experiment,
        "experiment_id": run.experiment_id,
        "status": status_of(run),
        "start": iso(run.start),
        "end": None if run.end is None else iso(run.end),
        "duration_ms": None if run.end is None else run.end - run.start,
        "user": run.user,
        "host": run.host,
        "parent": run.parent,
        "lifecycle": run.lifecycle,
        "note": run.note,
        "metrics": {key: summary.last for key, summary in run.metrics.items()},
        "params": dict(run.params),
        "tags": dict(run.tags),
        "code": run.code._asdict(),
        "source": run.source._asdict(),
        "summaries": {key: _summary(summary) for key, summary in run.metrics.items()},
    }


def experiment_document(experiment: Experiment, runs: int) -> dict[str, Any]:
    """An experiment and how many runs it holds."""
    return {
        "id": experiment.id,
        "name": experiment.name,
        "runs": runs,
        "created": iso(experiment.created),
        "updated": iso(experiment.updated),
        "lifecycle": experiment.lifecycle,
        "note": experiment.note,
        "tags": dict(experiment.tags),
    }


def artifact_documents(entries: Sequence[ArtifactEntry]) -> list[dict[str, Any]]:
    """The artifacts of a run by path."""
    return [
        {"path": entry.path, "size": entry.size, "sha256": entry.sha256, "uri": entry.uri}
        for entry in sorted(entries, key=lambda entry: entry.path)
    ]


def status_of(run: Run) -> str:
    """As recorded; LOST for a run that has missed its own sign of life."""
    if run.alive_until is None:
        return run.status.value
    from mlgit.runs.live_view import is_lost

    return "LOST" if is_lost(run) else run.status.value


def _summary(summary: MetricSummary) -> dict[str, Any]:
    return {
        "step": summary.step,
        "time": iso(summary.time),
        "min": summary.min,
        "max": summary.max,
        "count": summary.points,
    }
