"""Logged models: files that were saved as one, kept in a folder of their own on the branch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import AlreadyExists, Ambiguous, InvalidValue, NotFound, Unsupported
from mlgit.records import layout, names, text
from mlgit.records.artifact import dump_manifest
from mlgit.records.experiment import dump_experiment
from mlgit.records.fields import NOTHING, Edit, next_edit
from mlgit.records.logged_model import LoggedModel, dump_logged_model, load_logged_model
from mlgit.runs.artifact_log import STAT_CACHE, lfs_objects
from mlgit.runs.experiments import require_active
from mlgit.runs.field_log import checked_params, checked_tags
from mlgit.store.message import short
from mlgit.store.snapshot import parsed

if TYPE_CHECKING:
    from mlgit.artifacts.ingest import Ingested
    from mlgit.records.experiment import Experiment
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_ID = re.compile(r"m-[0-9a-f]{32}", re.ASCII).fullmatch
_NO_NAME = re.compile(f"[{names.NOT_IN_MODEL_NAMES}]")


class ModelRequest(NamedTuple):
    """What the caller wants of a logged model; all of it may be left out.

    Attributes:
        name: Like its file or folder when empty.
        id: Drawn when empty.
        model_type: Free text, such as "classifier".
        source_run: Id of the run that made it.
        params: Cut and checked as those of a run.
        tags: Likewise.
    """

    name: str = ""
    id: str = ""
    model_type: str = ""
    source_run: str = ""
    params: Mapping[str, object] = NOTHING
    tags: Mapping[str, object] = NOTHING


def log_model(
    store: Store, source: Path, experiment: Experiment, request: ModelRequest
) -> LoggedModel:
    """Keep the file or folder `source` as a logged model, in one commit; nothing of it is loaded.

    The experiment is written with it where the branch does not have it yet.

    Raises:
        NotFound, InvalidValue: There is nothing to keep; a name, id, key or path cannot be used.
        AlreadyExists: There is a model of that id.
        InvalidState: The experiment is deleted, or a file changed while it was read.
        Unsupported: The store is a spool, or as `Store.apply`.
        StorageFailed: The disk refused.
    """
    if store.spools:
        raise Unsupported(
            "a job that records into a spool logs no models: they are commits",
            "keep the files with mlgit.log_artifacts, and log the model where the spool is flushed",
        )
    name = request.name or _name_of(source.resolve())
    model = new_model(require_active(experiment), request._replace(name=name), "READY")
    return commit_model(store, model, experiment, source, may_be_empty=False)


def commit_model(
    store: Store,
    model: LoggedModel,
    experiment: Experiment,
    source: Path,
    *,
    may_be_empty: bool = True,
) -> LoggedModel:
    """Put a model with its files on the branch; the experiment, too, where that is not there yet.

    Raises:
        AlreadyExists: There is a model of that id.
        As `log_model`.
    """
    taken = _taken_in(store, source)
    if not (taken.entries or may_be_empty):
        raise InvalidValue(f"{source} is empty: a model has at least one file", path=str(source))
    folder = layout.model_folder(experiment.folder, model.created, model.id)
    files = {
        layout.LOGGED_MODEL: _record(model),
        layout.ARTIFACTS: dump_manifest(taken.entries),
        **taken.files,
    }

    def put(change: Change) -> None:
        if change.snapshot.folder_of(model.id):
            raise AlreadyExists(f"there is a logged model {model.id} already", id=model.id)
        where = layout.experiment_path(experiment.folder)
        if change.snapshot.read(where) is None:
            change.put(where, dump_experiment(experiment))
        for name, data in files.items():
            change.put(f"{folder}/{name}", data)

    subject = f"model: {short(model.name)} ({short(experiment.name)}) logged as {model.id}"
    store.apply(put, subject, {"Mlgit-Experiment": experiment.name})
    return model


def edit_model(
    store: Store, model_id: str, what: str, edit: Callable[[LoggedModel, Edit], LoggedModel]
) -> LoggedModel:
    """Change the record of a finished model, in a commit of its own, stamped for merging.

    Raises:
        NotFound, Ambiguous: There is no such model; there are several.
        As `Store.apply`.
    """

    def put(change: Change) -> LoggedModel:
        folder = find_model(change.snapshot, model_id)
        before = read_model(change.snapshot, folder)
        stamp = next_edit(before.edits, store.writer)
        changed = edit(before, stamp)
        if changed != before:
            changed = replace(changed, updated=max(stamp.at, before.updated))
            change.put(f"{folder}/{layout.LOGGED_MODEL}", _record(changed))
        return changed

    return store.apply(put, f"model: {what} {model_id}")


def find_model(snapshot: Snapshot, id_prefix: str) -> str:
    """The folder of the logged model of that id, else of the only one whose id begins so.

    Raises:
        NotFound, Ambiguous: There is none; there are several.
    """
    whole = snapshot.folder_of(id_prefix) or ""
    if id_of(whole).startswith("m-"):
        return whole
    every = snapshot.model_folders() if len(id_prefix) > len("m-") else ()
    found = [folder for folder in every if id_of(folder).startswith(id_prefix)]
    if len(found) > 1:
        known = sorted(map(id_of, found))
        raise Ambiguous(f"several logged models begin with {id_prefix!r}", candidates=known)
    if not found:
        raise NotFound(f"there is no logged model {id_prefix!r}", id=id_prefix)
    return found[0]


def read_model(snapshot: Snapshot, folder: str) -> LoggedModel:
    """The logged model in a folder.

    Raises:
        NotFound, Damaged: There is none; it cannot be used.
    """
    path = f"{folder}/{layout.LOGGED_MODEL}"
    data = snapshot.read(path)
    if data is None:
        raise NotFound(f"there is no {path}", path=path)
    return parsed(path, data, load_logged_model)


def id_of(folder: str) -> str:
    """The id of the logged model in a folder, as the folder's name has it."""
    return folder.rpartition("/")[2][7:]


def new_model(experiment: Experiment, request: ModelRequest, status: str) -> LoggedModel:
    """A model that nothing has written yet.

    Raises:
        InvalidValue: A name, id, parameter or tag cannot be used.
    """
    now = times.now_ms()
    return LoggedModel(
        id=_checked_id(request.id) if request.id else f"m-{times.random_bytes(16).hex()}",
        name=names.validate_model_name(request.name),
        experiment_id=experiment.id,
        status=status,
        created=now,
        updated=now,
        model_type=request.model_type,
        source_run=request.source_run,
        params=checked_params(request.params),
        tags=checked_tags(request.tags),
    )


def _name_of(source: Path) -> str:
    return _NO_NAME.sub("-", source.name if source.is_dir() else source.stem)


def _checked_id(model_id: str) -> str:
    if not _ID(model_id):
        raise InvalidValue(
            f"not the id of a logged model: {model_id!r:.80}", "m- and 32 hex digits"
        )
    return model_id


def _taken_in(store: Store, source: Path) -> Ingested:
    """The bytes, durable before anything names them."""
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.ingest import ingest_file, ingest_folder
    from mlgit.artifacts.manifest import Room
    from mlgit.artifacts.stat_cache import StatCache

    store.make_folders()
    cache = ObjectCache(store.data / "objects", StatCache(store.cache / STAT_CACHE))
    room, lfs = Room(store.settings.limits), lfs_objects(store)
    if source.is_dir():
        return ingest_folder(source, "", cache, room, lfs=lfs)
    return ingest_file(source, source.name, cache, room, lfs=lfs)


def _record(model: LoggedModel) -> bytes:
    data = dump_logged_model(model)
    if len(data) > text.MAX_BYTES:
        raise InvalidValue(
            f"the parameters and tags of model {model.name} take {len(data)} bytes;"
            f" {text.MAX_BYTES} is the limit",
            "keep long texts as files beside the model",
        )
    return data
