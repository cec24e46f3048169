"""Runs: start them, look at them, delete and restore them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.api import active, context
from mlgit.api.active import ActiveRun
from mlgit.client.experiments import experiment_of
from mlgit.errors import InvalidState, InvalidValue, MissingExtra
from mlgit.runs.begin import RunRequest

if TYPE_CHECKING:
    from mlgit.entities.run import Run
    from mlgit.runs.system import SystemSampler
    from mlgit.tracker import Tracker

NOTE_TAG = "mlflow.note.content"
NAME_TAG = "mlflow.runName"
_RUN_VARIABLES = ("MLGIT_RUN_ID", "MLFLOW_RUN_ID")


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, object] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or go on with one, and make it the active run of this thread.

    Args:
        run_id: A run to go on with; also taken, once, from MLGIT_RUN_ID.
        experiment_id: Where the run belongs; the chosen experiment when None.
        run_name: Its name; a human one is drawn when None.
        nested: Allow it inside another active run, as its child.
        parent_run_id: A parent that need not be active.
        tags: Its first tags; MLGIT_TAGS adds to them.
        description: Its note.
        log_system_metrics: Sample this machine; as `enable_system_metrics_logging` when None.

    Raises:
        InvalidState: A run is active already, the run or experiment is deleted, or the run belongs
            to another experiment than the one asked for or chosen by `set_experiment`.
        NotFound: There is no such run or experiment.
        NoStore, NotARepository: There is nowhere to record.
    """
    outer = active.active_run()
    if outer is not None and not nested:
        raise InvalidState(
            f"run {outer.live.id} is active already",
            hint="end it with mlgit.end_run(), or start this one with nested=True",
            run_id=outer.live.id,
        )
    known = run_id or _from_environment()
    labels = _labels(tags, description)
    if known:
        run = _resumed(known, experiment_id, labels)
    else:
        parent = _parent_id(outer, parent_run_id)
        run = _started(experiment_id, run_name, parent, labels)
    wanted = context.chosen.system_metrics if log_system_metrics is None else log_system_metrics
    if wanted:
        run.sampler = _sampler(run)
    active.push(run)
    return run


def _started(
    experiment_id: str | None, run_name: str | None, parent: str, labels: Mapping[str, str]
) -> ActiveRun:
    tracker = context.tracker()
    if experiment_id is None:
        experiment = context.experiment()
    else:
        experiment = experiment_of(tracker.store.snapshot(), str(experiment_id))
    name = run_name or labels.get(NAME_TAG) or os.environ.get("MLGIT_RUN_NAME", "")
    request = RunRequest(name=name, tags=labels, parent=parent)
    return ActiveRun(tracker, tracker.start(experiment, request))


def _resumed(run_id: str, experiment_id: str | None, labels: Mapping[str, str]) -> ActiveRun:
    tracker = context.tracker()
    for asked in (experiment_id, tracker.experiment_id or None):
        if asked is not None:
            _require_experiment(tracker, run_id, str(asked))
    live = tracker.resume(run_id)
    live.set_tags(labels)
    return ActiveRun(tracker, live)


def _require_experiment(tracker: Tracker, run_id: str, asked: str) -> None:
    found = tracker.view(run_id).run.experiment_id
    if found != asked:
        raise InvalidState(
            f"run {run_id} belongs to experiment {found}, not to {asked}",
            hint=f"mlgit.set_experiment(experiment_id={found!r}), or start a run of its own",
            run_id=run_id,
            experiment_id=found,
        )


def _sampler(run: ActiveRun) -> SystemSampler | None:
    """A started sampler of this machine; None, with a warning, where it cannot be measured."""
    from mlgit.runs.system import sampler

    try:
        made = sampler(run.live, context.chosen.sampling_interval)
    except MissingExtra as error:
        warnings.warn(f"{error.message}: {error.hint}", stacklevel=4)
        return None
    made.start()
    return made


def _parent_id(outer: ActiveRun | None, parent_run_id: str | None) -> str:
    """The parent's id, "" for a run of its own."""
    if parent_run_id is None:
        return outer.live.id if outer else ""
    if outer is not None and outer.live.id != parent_run_id:
        raise InvalidState(
            f"run {outer.live.id} is active, so {parent_run_id} cannot be the parent",
            hint="end the active run first, or leave parent_run_id out",
        )
    if context.tracker().view(parent_run_id).run.lifecycle != "active":
        raise InvalidState(f"run {parent_run_id} is deleted and cannot be a parent")
    return parent_run_id


def get_run(run_id: str) -> Run:
    """The run of that id (or a unique beginning of it, or its name).

    Raises:
        NotFound: There is none.
        Ambiguous: There are several.
    """
    return context.client().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a run is nested in; None for a run of its own."""
    return context.client().get_parent_run(run_id)


def delete_run(run_id: str) -> None:
    """Mark a run as deleted; `restore_run` brings it back."""
    context.client().delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Bring a deleted run back."""
    context.client().restore_run(run_id)


def current() -> ActiveRun:
    """The active run of this thread; a new one where there is none."""
    return active.active_run() or start_run()


def _from_environment() -> str | None:
    """The run that a parent process asks to go on with; asked for once."""
    for variable in _RUN_VARIABLES:
        known = os.environ.pop(variable, "")
        if known:
            return known
    return None


def _labels(tags: Mapping[str, object] | None, description: str | None) -> dict[str, str]:
    labels = {**_environment_tags(), **{key: str(value) for key, value in (tags or {}).items()}}
    if description is not None:
        if NOTE_TAG in labels:
            raise InvalidValue(f"the description is given twice: also as the tag {NOTE_TAG}")
        labels[NOTE_TAG] = description
    return labels


def _environment_tags() -> dict[str, str]:
    given = os.environ.get("MLGIT_TAGS", "")
    pairs = [part.partition("=") for part in given.split(",") if part.strip()]
    wrong = next((key for key, equals, _ in pairs if not equals or not key.strip()), None)
    if wrong is not None:
        raise InvalidValue(
            f"MLGIT_TAGS has a part without a value: {wrong!r}",
            hint="MLGIT_TAGS=team=blue,year=2026",
        )
    return {key.strip(): value.strip() for key, _, value in pairs}
