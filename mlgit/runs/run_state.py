"""What a run is, event by event: the one place that says what each record of a journal means.

The live handle, the live view and the publication all apply the same events, so they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlgit.records.artifact import ArtifactEntry
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink
from mlgit.records.run import Edit, Run, RunStatus
from mlgit.records.system_tags import SYSTEM_TAGS

LOST_POINTS = "mlgit.lost_points"


@dataclass
class RunState:
    """One run while events are applied to it.

    Attributes:
        run: Its fields; parameters are in `params` until `whole_run`.
        params: The first value of each parameter counts.
        conflicts: Parameters for which another process gave a second value, and that value.
        artifacts: The manifest by path.
        datasets: By name, digest and tags of use.
        models: Models in and out.
        writer: Who stamps changes of an already published run; "" before publication.
        known_lost: What the published run says of lost points.
        lost: Points that the writers of these journals had to give up.
    """

    run: Run
    params: dict[str, str] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, ArtifactEntry] = field(default_factory=dict)
    datasets: dict[tuple[str, str, str], DatasetInput] = field(default_factory=dict)
    models: dict[tuple[str, str], ModelLink] = field(default_factory=dict)
    writer: str = ""
    known_lost: int = 0
    lost: int = 0

    def whole_run(self) -> Run:
        """The run with its parameters, and with what went wrong as tags."""
        run = self.run._replace(params=dict(self.params))
        for key, value in self.conflicts.items():
            run = run.with_tag(f"mlgit.conflict.params.{key}"[:250], value)
        # A journal is replayed onto what it was published as before: its losses count once.
        lost = max(self.lost, self.known_lost)
        return run.with_tag(LOST_POINTS, str(lost)) if lost else run

    def inputs(self) -> Inputs:
        """Datasets and models."""
        return Inputs(tuple(self.datasets.values()), tuple(self.models.values()))

    def manifest(self) -> list[ArtifactEntry]:
        """The artifacts by path."""
        return [self.artifacts[path] for path in sorted(self.artifacts)]


def begin(
    run: Run,
    manifest: Iterable[ArtifactEntry] = (),
    inputs: Inputs | None = None,
    writer: str = "",
) -> RunState:
    """The state of a run that stands as it was published, or of one that begins."""
    known = inputs or Inputs()
    return RunState(
        run=run,
        params=dict(run.params),
        artifacts={entry.path: entry for entry in manifest},
        datasets={_dataset_key(dataset): dataset for dataset in known.datasets},
        models={(link.model_id, link.direction): link for link in known.models},
        writer=writer,
        known_lost=_number(run.tags.get(LOST_POINTS, "")),
    )


def apply(state: RunState, event: Mapping[str, Any]) -> None:
    """Let one event of a journal happen; what a later version of mlgit says is passed over."""
    change = _CHANGES.get(str(event.get("do")))
    if change is not None:
        change(state, event)


def _params(state: RunState, event: Mapping[str, Any]) -> None:
    for key, value in event["values"].items():
        if state.params.setdefault(key, value) != value:
            state.conflicts[key] = value


def _tags(state: RunState, event: Mapping[str, Any]) -> None:
    for key, value in event["values"].items():
        if _is_newer(state, key, event["at"]) and state.run.all_tags().get(key) != value:
            state.run = state.run.with_tag(key, value, _stamp(state, event["at"]))


def _delete_tag(state: RunState, event: Mapping[str, Any]) -> None:
    key = event["key"]
    if _is_newer(state, key, event["at"]) and key in state.run.all_tags():
        state.run = state.run.without_tag(key, _stamp(state, event["at"]))


def _is_newer(state: RunState, key: str, at: int) -> bool:
    """Whether nobody else has edited this tag of the published run since `at`."""
    edit = state.run.edits.get(SYSTEM_TAGS.get(key, f"tags.{key}"))
    return edit is None or edit.at < at or (edit.at == at and edit.by == state.writer)


def _stamp(state: RunState, at: int) -> Edit | None:
    return Edit(at, state.writer) if state.writer else None


def _artifacts(state: RunState, event: Mapping[str, Any]) -> None:
    for fields in event["entries"]:
        state.artifacts[fields["path"]] = ArtifactEntry(**fields)


def _inputs(state: RunState, event: Mapping[str, Any]) -> None:
    for fields in event["datasets"]:
        dataset = DatasetInput(**fields)
        state.datasets[_dataset_key(dataset)] = dataset
    for fields in event["models"]:
        link = ModelLink(**fields)
        state.models[link.model_id, link.direction] = link


def _dataset_key(dataset: DatasetInput) -> tuple[str, str, str]:
    return dataset.name, dataset.digest, dataset.tags.get("mlflow.data.context", "")


def _lost(state: RunState, event: Mapping[str, Any]) -> None:
    state.lost += event["points"]


def _status(state: RunState, event: Mapping[str, Any]) -> None:
    status = RunStatus(event["status"])
    state.run = state.run._replace(status=status, end=event["end"] if status.terminal else None)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


_CHANGES = {
    "params": _params,
    "tags": _tags,
    "delete_tag": _delete_tag,
    "artifacts": _artifacts,
    "inputs": _inputs,
    "lost": _lost,
    "status": _status,
}
