"""Logged models of a source, many in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.bridges.importing.losing import losing
from mlgit.bridges.importing.runs import kept
from mlgit.records import layout, names
from mlgit.records.artifact import dump_manifest
from mlgit.records.logged_model import LoggedModel, dump_logged_model

if TYPE_CHECKING:
    from mlgit.bridges.importing.bring import Brought
    from mlgit.bridges.importing.files import Intake
    from mlgit.bridges.sources.source import FoundModel, Source
    from mlgit.records.experiment import Experiment
    from mlgit.store.change import Change
    from mlgit.store.store import Store

_MODELS = 200  # of one commit


def bring_models(
    store: Store,
    source: Source,
    homes: Mapping[str, Experiment],
    intake: Intake,
    found: Brought,
) -> None:
    """Those that the store lacks, under their own ids."""
    snapshot = store.snapshot()
    every = source.models(lambda model_id: snapshot.folder_of(model_id) is None)
    while batch := list(islice(every, _MODELS)):
        files: dict[str, bytes] = {}
        for one in batch:
            with losing(source, f"logged model {one.model.id}"):
                files.update(_files(one, homes, intake))
                found.models += 1
        store.apply(partial(_put, files), f"import: models of {source.title}")


def _put(files: Mapping[str, bytes], change: Change) -> None:
    for path, data in files.items():
        change.put(path, data)


def _files(
    found: FoundModel, homes: Mapping[str, Experiment], intake: Intake
) -> Iterator[tuple[str, bytes]]:
    """Path and content of all that is kept of a model on the branch."""
    home = homes[found.model.experiment_id]
    model = _checked(found.model, home, intake.source)
    taken = intake.of(found.files, model.id)
    folder = layout.model_folder(home.folder, model.created, model.id)
    yield f"{folder}/{layout.LOGGED_MODEL}", dump_logged_model(model)
    yield f"{folder}/{layout.ARTIFACTS}", dump_manifest(taken.entries)
    for name, data in taken.files.items():
        yield f"{folder}/{name}", data


def _checked(model: LoggedModel, home: Experiment, source: Source) -> LoggedModel:
    return replace(
        model,
        name=names.validate_model_name(model.name),
        experiment_id=home.id,
        created=min(max(model.created, 0), times.MAX_TIME_MS),
        updated=min(max(model.updated, 0), times.MAX_TIME_MS),
        params=kept("param", model.params, names.param_value, model.id, source),
        tags=kept("tag", model.tags, names.tag_value, model.id, source),
    )
