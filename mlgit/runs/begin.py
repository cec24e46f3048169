"""Starting runs, and going on with runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound, StorageFailed
from mlgit.records import layout, names
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.fields import NOTHING
from mlgit.records.run import Run, RunStatus, Source, dump_run
from mlgit.runs import run_state
from mlgit.runs.capture import Captured, captured, redacted_source
from mlgit.runs.checkpoints import CheckpointPolicy
from mlgit.runs.experiments import find_or_new, require_active
from mlgit.runs.field_log import checked_tags
from mlgit.runs.journal import Journal
from mlgit.runs.journal_file import JournalFile, new_writer
from mlgit.runs.journal_records import HELPER, RESUME, START, Header
from mlgit.runs.journals import live_folder
from mlgit.runs.live import ActiveRun
from mlgit.runs.live_view import LiveView
from mlgit.runs.process_identity import this_process
from mlgit.runs.session import Session
from mlgit.runs.spool.folder import make_run_folder

if TYPE_CHECKING:
    from mlgit.runs.run_view import RunView
    from mlgit.store.store import Store


def is_strict() -> bool:
    """Whether the environment asks for errors where logging would otherwise only warn."""
    return os.environ.get("MLGIT_STRICT") == "1"


class RunRequest(NamedTuple):
    """What the caller wants of a new run; all of it may be left out.

    Attributes:
        name: A human one is drawn when empty.
        tags: Reserved ones set the run's fields.
        note: Its description.
        parent: Id of the run it is nested in.
        id: For imports; drawn when empty.
        start: Milliseconds UTC; now when None.
        user: As captured when empty.
        source: As captured when None.
        strict: Failures of the disk and of publishing raise instead of warn; None asks the
            environment.
        policy: When a long run is published in between.
        captures: Whether code, program, machine and packages are those of this process; a server
            records the runs of others.
    """

    name: str = ""
    tags: Mapping[str, str] = NOTHING
    note: str = ""
    parent: str = ""
    id: str = ""
    start: int | None = None
    user: str = ""
    source: Source | None = None
    strict: bool | None = None
    policy: CheckpointPolicy = CheckpointPolicy()
    captures: bool = True


def start(
    store: Store, experiment: str | Experiment = "Default", request: RunRequest | None = None
) -> ActiveRun:
    """Begin a run; an experiment of a new name comes into being with the run's first commit.

    Raises:
        InvalidValue: A name, id, tag or time cannot be used.
        InvalidState: The experiment is deleted.
        AlreadyExists: A run of the asked id is here.
        Ambiguous: Several experiments have that name.
    """
    asked = request or RunRequest()
    snapshot = store.snapshot()
    settings = store.settings
    home = experiment if isinstance(experiment, Experiment) else find_or_new(snapshot, experiment)
    require_active(home)
    if asked.id:
        _require_new(store, asked.id)
    found = captured(store.home, settings) if asked.captures else Captured()
    run = _new_run(asked, home)._replace(code=found.code, host=found.host)
    source = redacted_source(asked.source) if asked.source else found.source
    run = run._replace(user=asked.user or found.user, source=source)
    for key, value in {**found.facts, **_tags(asked)}.items():
        run = run.with_tag(key, value)
    folder = layout.run_folder(home.folder, run.start, run.id)
    active = _active(store, run_state.begin(run), home, folder, START, asked)
    return _begun(active, {"do": "start"}, found.files)


def _require_new(store: Store, run_id: str) -> None:
    try:
        known = LiveView(store).of_run(run_id)
    except NotFound as error:  # purged: its id is never free
        raise AlreadyExists(error.message, error.hint, id=run_id) from None
    if known is not None:
        raise AlreadyExists(f"there is a run {run_id} already", id=run_id)


def _begun(
    active: ActiveRun, event: Mapping[str, object], files: Mapping[str, bytes] | None = None
) -> ActiveRun:
    try:
        active.happens(event, files)
    except StorageFailed:  # strict: the caller has no handle to end the run with
        active.discard()
        raise
    return active


def _new_run(asked: RunRequest, home: Experiment) -> Run:
    name = asked.name or asked.tags.get("mlflow.runName", "")
    return Run(
        id=names.validate_run_id(asked.id) if asked.id else times.new_id(),
        name=names.validate_run_name(name) if name else names.human_name(times.random_bytes(3)),
        experiment_id=home.id,
        status=RunStatus.RUNNING,
        start=times.now_ms() if asked.start is None else asked.start,
    )


def _tags(asked: RunRequest) -> dict[str, str]:
    """All that the caller said in tags, its own fields among them."""
    given = {
        "mlflow.runName": asked.name,
        "mlflow.note.content": asked.note,
        "mlflow.parentRunId": asked.parent,
    }
    for key, value in given.items():
        if value and asked.tags.get(key, value) != value:
            raise InvalidValue(f"the tag {key} says {asked.tags[key]!r}, the argument {value!r}")
    return checked_tags({**asked.tags, **{key: value for key, value in given.items() if value}})


def resume(
    store: Store, run_id: str, request: RunRequest | None = None, folder: str = ""
) -> ActiveRun:
    """Go on with a run that began here or elsewhere: it is RUNNING again.

    Args:
        store: The store.
        run_id: The run's whole id.
        request: What is wanted of this handle.
        folder: Where the run is on the branch, where the caller knows: finding it takes a walk.

    Raises:
        NotFound: There is no run of that id here.
        InvalidState: It is deleted.
    """
    view = _existing(store, run_id, folder)
    active = _joined(store, view, RESUME, request or RunRequest())
    event = {"do": "status", "status": RunStatus.RUNNING.value, "end": None}
    return _begun(active, event)


def visit(
    store: Store, run_id: str, request: RunRequest | None = None, folder: str = ""
) -> ActiveRun:
    """Log to a run without a word about its status; `finish` of this handle does not end it.

    Arguments and errors are those of `resume`.
    """
    return _joined(store, _existing(store, run_id, folder), HELPER, request or RunRequest())


def _existing(store: Store, run_id: str, folder: str) -> RunView:
    view = LiveView(store).of_run(run_id, folder=folder)
    if view is None:
        raise NotFound(f"there is no run {run_id} here", hint="mlgit pull", id=run_id)
    if view.run.lifecycle != "active":
        raise InvalidState(
            f"run {view.run.name} is deleted", hint=f"mlgit restore {run_id}", id=run_id
        )
    return view


def _joined(store: Store, view: RunView, role: str, asked: RunRequest) -> ActiveRun:
    state = run_state.begin(view.run, view.manifest, view.inputs)
    return _active(store, state, view.experiment, view.folder, role, asked)


def _active(
    store: Store,
    state: run_state.RunState,
    experiment: Experiment,
    folder: str,
    role: str,
    asked: RunRequest,
) -> ActiveRun:
    header = Header(
        role=role,
        run=dump_run(state.whole_run()).decode(),
        experiment=dump_experiment(experiment).decode(),
        experiment_folder=experiment.folder,
        folder=folder,
        process=this_process(),
        writer=new_writer(),
        created=times.now_ms(),
    )
    strict = is_strict() if asked.strict is None else asked.strict
    if store.spools:
        make_run_folder(store.data, state.run.id)
        asked = asked._replace(policy=CheckpointPolicy(seconds=0))
    file = JournalFile(live_folder(store.data) / state.run.id, header, strict=strict)
    return ActiveRun(Session(store, experiment, Journal(file), state), strict, asked.policy)
