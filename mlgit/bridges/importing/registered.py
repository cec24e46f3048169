"""Registered models of a source, with their versions, stages and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.bridges.importing.losing import checked_tags, losing
from mlgit.records import layout
from mlgit.records.model_version import DELETED, ModelVersion, dump_model_version
from mlgit.records.pointer import STAGES
from mlgit.registry import aliases, catalogue, models, stages
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of

if TYPE_CHECKING:
    from mlgit.bridges.importing.bring import Brought
    from mlgit.bridges.sources.source import FoundRegistered, Source
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.sight import Sight
    from mlgit.store.change import Change
    from mlgit.store.store import Store

_REASON = "imported"


def bring_registered(store: Store, source: Source, found: Brought) -> None:
    """Every model with the versions that the store lacks, under their own numbers.

    A pointer that is here stays where it points; one that a gate guards is not moved, and named.
    """
    for one in source.registered():
        with losing(source, f"registered model {one.model.name}"):
            _bring(store, source, one, found)


def _bring(store: Store, source: Source, one: FoundRegistered, found: Brought) -> None:
    seen, name = sight(store), one.model.name
    versions = [_with_lineage(seen, each.version, source) for each in one.versions]

    def put(change: Change) -> list[int]:
        model = _home(change, one.model, store.writer, source)
        taken = set(catalogue.taken_numbers(change.snapshot, model.folder))
        new = [each for each in versions if each.number not in taken]
        for each in new:
            each = each._replace(tags=checked_tags(each.tags, f"{name}@{each.number}", source))
            change.put(layout.version_path(model.folder, each.number), dump_model_version(each))
        return [each.number for each in new]

    made = store.apply(put, f"import: registered model {name}", {models.TRAILER: name})
    found.versions += len(made)
    _move_pointers(store, source, one)


def _home(change: Change, found: RegisteredModel, writer: str, source: Source) -> RegisteredModel:
    there = catalogue.named(change.snapshot, found.name)
    if there is not None and there.lifecycle == "active":
        return there
    made = models.new(change.snapshot, found.name, writer)._replace(
        description=found.description,
        tags=checked_tags(found.tags, found.name, source),
        created=_time(found.created),
        updated=_time(found.updated),
    )
    models.put(change, made)
    return made


def _time(ms: int) -> int:
    return ms if 0 < ms <= times.MAX_TIME_MS else times.now_ms()


def _with_lineage(seen: Sight, version: ModelVersion, source: Source) -> ModelVersion:
    """The version with what its source says of it, where that is here."""
    version = version._replace(created=_time(version.created))
    if not version.source.startswith(("runs:/", "models:/m-")) or version.status == DELETED:
        return version
    with losing(source, f"{version.source}, the source of version {version.number}"):
        known = request_of(seen, version.source)
        return version._replace(
            run=version.run or known.run,
            logged_model=known.logged_model,
            manifest=known.manifest,
            signature=known.signature,
        )
    return version


def _move_pointers(store: Store, source: Source, one: FoundRegistered) -> None:
    """Aliases and stages that nothing has here yet, where the version is the one they mean."""
    name, seen = one.model.name, sight(store)
    folder = catalogue.model(seen.data, name).folder
    here = {(each.number, each.uid) for each in catalogue.versions(seen.data, folder)}
    meant = {each.version.number: each.version.uid for each in one.versions}
    known = {each.alias for each in catalogue.aliases(seen.guarded, folder)}
    for alias, number in one.aliases.items():
        if alias not in known and (number, meant.get(number)) in here:
            with losing(source, f"alias {name}@{alias} of version {number}"):
                aliases.set_alias(store, name, alias, number, reason=_REASON)
    staged = catalogue.stages(seen.guarded, folder)
    for version, stage in one.versions:
        same = (version.number, version.uid) in here and version.uid not in staged
        if same and stage in STAGES[1:]:
            with losing(source, f"stage {stage} of {name}@{version.number}"):
                stages.transition(store, name, version.number, stage, reason=_REASON)
