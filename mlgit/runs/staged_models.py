"""Logged models that are still being made: files beside the journals, until they are one commit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Damaged, InvalidValue, NotFound
from mlgit.git.files import read_file, refusals, replace_file
from mlgit.records import layout
from mlgit.records.artifact_path import is_safe_path
from mlgit.records.logged_model import LoggedModel, dump_logged_model, load_logged_model
from mlgit.runs.logged_models import commit_model

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.store.store import Store

_FILES = "files"


def begin(store: Store, model: LoggedModel) -> LoggedModel:
    """Keep the record of a model that has no files yet; other processes of this clone see it.

    Raises:
        StorageFailed: The disk refused.
    """
    store.make_folders()
    folder = _folder(store, model.id)
    with refusals(folder, "begin a model in"):
        (folder / _FILES).mkdir(parents=True, exist_ok=True)
    _write(store, model)
    return model


def staged(store: Store, model_id: str) -> LoggedModel | None:
    """A model that is still being made; None where that is none."""
    if "/" in model_id or model_id in ("", ".", ".."):
        return None
    try:
        return load_logged_model(read_file(_folder(store, model_id) / layout.LOGGED_MODEL))
    except (OSError, Damaged):
        return None


def every_staged(store: Store) -> list[LoggedModel]:
    """All models that are still being made in this clone."""
    root = store.data / "models"
    names = sorted(one.name for one in root.iterdir()) if root.is_dir() else []
    return [model for name in names if (model := staged(store, name)) is not None]


def change(store: Store, model_id: str, edit: Callable[[LoggedModel], LoggedModel]) -> LoggedModel:
    """Change the record of a model that is still being made.

    Raises:
        NotFound: There is none of that id.
        StorageFailed: The disk refused.
    """
    changed = replace(edit(_existing(store, model_id)), updated=times.now_ms())
    _write(store, changed)
    return changed


def files_of(store: Store, model_id: str) -> Path:
    """The folder with the files of a model that is still being made."""
    return _folder(store, model_id) / _FILES


def add(store: Store, model_id: str, source: Path, path: str) -> None:
    """Copy a file, or all files of a folder, below a model that is still being made.

    Args:
        store: Where the model is.
        model_id: The model.
        source: The file or folder.
        path: The file's place, or the folder for its files; "" for the model itself.

    Raises:
        NotFound: There is no such model.
        InvalidValue: The path leads elsewhere.
        StorageFailed: The disk refused.
    """
    _existing(store, model_id)
    if path and not is_safe_path(path):
        raise InvalidValue(f"{path!r:.80} is not a path below a model's files", path=path)
    target = files_of(store, model_id) / path
    with refusals(target, "copy files to"):
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def finish(store: Store, model_id: str, experiment: Experiment, status: str) -> LoggedModel:
    """Put a model with all its files on the branch, in one commit, as `READY` or `FAILED`.

    Raises:
        NotFound: There is no such model.
        As `logged_models.commit_model`.
    """
    ended = replace(_existing(store, model_id), status=status, updated=times.now_ms())
    done = commit_model(store, ended, experiment, files_of(store, model_id))
    shutil.rmtree(_folder(store, model_id), ignore_errors=True)
    return done


def _existing(store: Store, model_id: str) -> LoggedModel:
    model = staged(store, model_id)
    if model is None:
        raise NotFound(f"no logged model {model_id!r} is being made here", id=model_id)
    return model


def _write(store: Store, model: LoggedModel) -> None:
    replace_file(
        _folder(store, model.id) / layout.LOGGED_MODEL, dump_logged_model(model), durable=False
    )


def _folder(store: Store, model_id: str) -> Path:
    return store.data / "models" / model_id
