"""Stages: MLflow's four, one file for each version that was ever in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Guarded, InvalidValue
from mlgit.records import layout
from mlgit.records.model_name import stage_of
from mlgit.records.model_version import DELETED
from mlgit.records.pointer import Stage, dump_stage
from mlgit.registry import catalogue, models
from mlgit.registry.find import stage_name
from mlgit.registry.sight import decide

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.sight import Sight
    from mlgit.store.change import Change
    from mlgit.store.store import Store

#: Stages of which a version leaves the field to another: MLflow archives in no other.
CLEARED = ("Staging", "Production")


def decided(
    sight: Sight,
    model: RegisteredModel,
    version: ModelVersion,
    stage: str,
    reason: str,
    writer: str,
) -> Stage:
    """The stage of a version as it is after it was put in one now; nothing is written."""
    before = catalogue.stages(sight.guarded, model.folder).get(version.uid)
    return Stage(
        stage=stage,
        uid=version.uid,
        at=max(times.now_ms(), before.at + 1 if before else 0),
        by=writer,
        previous=stage_name(before),
        reason=reason,
        evidence=sight.data.commit.decode("ascii"),
        extra=before.extra if before else {},
    )


def transition(
    store: Store,
    model: str,
    number: int,
    stage: str,
    *,
    archive_existing: bool = False,
    reason: str = "",
) -> ModelVersion:
    """Put a version in a stage, from any other, in a commit of its own.

    Args:
        store: Where.
        model: The model's name.
        number: The version.
        stage: None, Staging, Production or Archived, in any case.
        archive_existing: Put the others that are in that stage in Archived.
        reason: Why, in a person's words.

    Raises:
        NotFound, InvalidState: There is no such model or version; a gate guards the stage.
        InvalidValue: Another stage, or one that others are not archived from.
    """
    wanted = stage_of(stage)
    if archive_existing and wanted not in CLEARED:
        raise InvalidValue(
            f"others are archived only from {' and '.join(CLEARED)}, not from {wanted}",
            "leave archive_existing_versions out",
        )

    def edit(change: Change, sight: Sight) -> ModelVersion:
        found = catalogue.model(sight.data, model)
        version = catalogue.version(sight.data, found.folder, number)
        moves = [(version, wanted)]
        if archive_existing:
            moves += [(one, "Archived") for one in _others(sight, found, version, wanted)]
        for one, into in moves:
            _move(change, sight, found, one, into, reason, store.writer)
        return version

    subject = f"promote {model}: v{number} to {wanted}"
    return decide(store, edit, subject, {models.TRAILER: model})


def path_of(model: RegisteredModel, version: ModelVersion) -> str:
    """The file of a version's stage."""
    return layout.stage_path(model.folder, version.number)


def _move(
    change: Change,
    sight: Sight,
    model: RegisteredModel,
    version: ModelVersion,
    stage: str,
    reason: str,
    writer: str,
) -> None:
    after = decided(sight, model, version, stage, reason, writer)
    if after.previous == stage:
        return
    policy = catalogue.policy(sight.guarded)
    # Leaving a guarded stage is a decision as much as entering it: `Production` may be served.
    for guarded in (stage, after.previous):
        if policy.of_stage(model.name, guarded) is not None:
            raise Guarded(
                f"the stage {guarded} of {model.name} is guarded by the policy",
                f"mlgit promote {model.name}@{version.number} --to {stage} --stage",
                model=model.name,
                stage=guarded,
            )
    models.put_record(change, path_of(model, version), dump_stage(after))


def _others(
    sight: Sight, model: RegisteredModel, version: ModelVersion, stage: str
) -> list[ModelVersion]:
    """The other versions that are in a stage."""
    stages = catalogue.stages(sight.guarded, model.folder)
    return [
        one
        for one in catalogue.versions(sight.data, model.folder)
        if one.uid != version.uid
        and one.status != DELETED
        and stage_name(stages.get(one.uid)) == stage
    ]
