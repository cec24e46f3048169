"""The registry as the API shows it: MLflow's view over our records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.entities.registry import ModelVersion, RegisteredModel
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue
from mlgit.registry.find import stage_name
from mlgit.registry.landed import is_landed
from mlgit.registry.sight import sight
from mlgit.search.expression import Field, Kind

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion as VersionRecord
    from mlgit.records.pointer import Stage
    from mlgit.records.registered_model import RegisteredModel as ModelRecord
    from mlgit.records.run import Edit
    from mlgit.registry.sight import Sight
    from mlgit.search.expression import Scalar
    from mlgit.store.store import Store

_PROMPT = "mlflow.prompt.is_prompt"


def model_versions(store: Store, model: ModelRecord, seen: Sight) -> list[ModelVersion]:
    """All versions of a model that are not deleted, by number."""
    aliases = catalogue.aliases(seen.guarded, model.folder)
    stages = catalogue.stages(seen.guarded, model.folder)
    return [
        _presented(
            store,
            model,
            one,
            stages.get(one.uid),
            [alias.alias for alias in aliases if alias.uid == one.uid],
        )
        for one in catalogue.versions(seen.data, model.folder)
        if one.status != DELETED
    ]


def model_version(store: Store, name: str, number: int) -> ModelVersion:
    """One version.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted.
    """
    seen = sight(store)
    model = catalogue.model(seen.data, name)
    catalogue.version(seen.data, model.folder, number)
    return next(one for one in model_versions(store, model, seen) if one.version == str(number))


def registered_model(store: Store, model: ModelRecord, seen: Sight) -> RegisteredModel:
    """A model with the newest version of each stage."""
    versions = model_versions(store, model, seen)
    every = catalogue.versions(seen.data, model.folder)
    stages = catalogue.stages(seen.guarded, model.folder).values()
    newest = {one.current_stage: one for one in versions}
    return RegisteredModel(
        name=model.name,
        creation_timestamp=model.created,
        last_updated_timestamp=max(
            [
                _changed(model.created, model.edits),
                *(_changed(one.created, one.edits, "status") for one in every),
                *(stage.at for stage in stages),
            ]
        ),
        description=model.description,
        latest_versions=list(newest.values()),
        tags=dict(model.tags),
        aliases={alias: one.version for one in versions for alias in one.aliases},
    )


def registered_models(store: Store) -> list[RegisteredModel]:
    """Every live model, by name."""
    seen = sight(store)
    return [
        registered_model(store, one, seen)
        for one in catalogue.models(seen.data)[0]
        if one.lifecycle == "active"
    ]


def every_version(store: Store) -> list[ModelVersion]:
    """Every version of every live model, by name and number."""
    seen = sight(store)
    return [
        version
        for one in catalogue.models(seen.data)[0]
        if one.lifecycle == "active"
        for version in model_versions(store, one, seen)
    ]


def model_values(model: RegisteredModel, field: Field) -> Sequence[Scalar]:
    """What a query reads of a model; nothing where it lacks the field."""
    if field.kind is Kind.TAG:
        return _tagged(model.tags, field.key)
    return [getattr(model, field.key)]


def version_values(version: ModelVersion, field: Field) -> Sequence[Scalar]:
    """What a query reads of a version; nothing where it lacks the field."""
    if field.kind is Kind.TAG:
        return _tagged(version.tags, field.key)
    if field.key == "version_number":
        return [int(version.version)]
    value = getattr(version, {"source_path": "source"}.get(field.key, field.key))
    return [] if value is None else [value]


def _tagged(tags: Mapping[str, str], key: str) -> Sequence[Scalar]:
    """A tag's value; what is not said to be a prompt is none, which MLflow's pages ask for."""
    if key in tags:
        return [tags[key]]
    return ["false"] if key == _PROMPT else []


def _presented(
    store: Store,
    model: ModelRecord,
    version: VersionRecord,
    stage: Stage | None,
    aliases: list[str],
) -> ModelVersion:
    updated = _changed(version.created, version.edits)
    return ModelVersion(
        name=model.name,
        version=str(version.number),
        creation_timestamp=version.created,
        last_updated_timestamp=max(updated, stage.at) if stage else updated,
        description=version.description,
        user_id=version.author,
        current_stage=stage_name(stage),
        source=version.source,
        run_id=version.run or None,
        model_id=version.logged_model or None,
        status=version.status,
        status_message=None,
        tags=dict(version.tags),
        aliases=aliases,
        uid=version.uid,
        manifest=version.manifest,
        signature=version.signature,
        provisional=not is_landed(store, model.folder, version),
    )


def _changed(created: int, edits: Mapping[str, Edit], only: str = "") -> int:
    """When a record was changed, or one field of it; as in MLflow, its tags do not count."""
    fields = (key for key in edits if (key == only if only else not key.startswith("tags.")))
    return max([created, *(edits[key].at for key in fields)])
