"""Records for the tests of the store."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.records.experiment import Experiment
from mlgit.records.metrics import Point, encode_points, summarize
from mlgit.records.run import Code, Run, RunStatus
from mlgit.store.publication import Publication
from mlgit.store.store import Store

START = 1_795_421_691_123  # 2026-11-23T08:14:51.123Z
POINTS = [Point(step, START + step, "val_acc", 0.9 + step / 100) for step in range(4)]
CHURN = Experiment(layout.experiment_id("churn"), "churn", "churn", START, START)


def a_run(run_id: str = "9f3c000000000001", name: str = "brisk-otter-12", **fields: object) -> Run:
    given: dict[str, object] = {
        "experiment_id": CHURN.id,
        "status": RunStatus.FINISHED,
        "start": START,
        "end": START + 5000,
        "params": {"lr": "0.1"},
        "metrics": summarize(POINTS),
        "code": Code(commit="c0ffee" + "0" * 34, dirty=True),
    }
    return Run(run_id, name, **{**given, **fields})  # type: ignore[arg-type]


def a_publication(
    run: Run | None = None,
    artifacts: Mapping[str, bytes] | None = None,
    experiment: Experiment | None = CHURN,
) -> Publication:
    files = {"metrics.csv": encode_points(POINTS)}
    entries: list[ArtifactEntry] = []
    for path, data in (artifacts or {}).items():
        digest = sha256(data).hexdigest()
        name = layout.artifact_file(path, digest, [entry.inline for entry in entries])
        entries.append(ArtifactEntry(path, len(data), digest, name))
        files[name] = data
    if entries:
        files["artifacts.yaml"] = dump_manifest(entries)
    return Publication(run or a_run(), experiment, files)


def folder_of(run: Run) -> str:
    return layout.run_folder("churn", run.start, run.id)


def published(store: Store, run: Run | None = None) -> str:
    """The folder of a run that was just published."""
    run = run or a_run()
    store.publish(a_publication(run))
    return folder_of(run)
