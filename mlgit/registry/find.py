"""The version that an address means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Conflict, NotFound
from mlgit.records import layout
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.pointer import Alias, Stage
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.address import Address
    from mlgit.registry.sight import Sight


class Found(NamedTuple):
    """What an address led to.

    Attributes:
        model: The model.
        version: Its version.
        alias: The alias that was asked for, if one was.
        warnings: What the reader should know: a race that nobody has decided, another number.
    """

    model: RegisteredModel
    version: ModelVersion
    alias: Alias | None = None
    warnings: tuple[str, ...] = ()


def find(sight: Sight, address: Address, *, strict: bool = False) -> Found:
    """The version that an address means; an alias is followed by uid.

    Args:
        sight: Where to look.
        address: What is meant.
        strict: Refuse where an alias or stage is contested, instead of serving what it was before.

    Raises:
        NotFound: There is no such model, version, alias, or version in that stage.
        InvalidState: The model was deleted.
        Conflict: The alias or stage is contested.
    """
    model = catalogue.model(sight.data, address.model)
    if address.alias:
        return _by_alias(sight, model, address.alias, strict)
    if address.stage:
        return _by_stage(sight, model, address.stage, strict)
    if address.version:
        version = catalogue.version(sight.data, model.folder, address.version)
        return Found(model, version, warnings=_renumbered(version))
    return Found(model, newest(catalogue.versions(sight.data, model.folder), model.name))


def newest(versions: list[ModelVersion], name: str) -> ModelVersion:
    """The version of the highest number that is not deleted.

    Raises:
        NotFound: There is none.
    """
    live = [one for one in versions if one.status != DELETED]
    if not live:
        raise NotFound(f"{name} has no version", f"mlgit register RUN {name}", name=name)
    return live[-1]


def _by_alias(sight: Sight, model: RegisteredModel, name: str, strict: bool) -> Found:
    alias = catalogue.alias(sight.guarded, model.folder, name)
    shown = f"{model.name}@{name}"
    if alias is None:
        raise _missing(sight, model, name, shown)
    if alias.contested and strict:
        raise _contested(shown)
    warnings = _race(shown, contested=alias.contested)
    version = _by_uid(sight, model, alias.uid, shown)
    if version.number != alias.version:
        warnings += (f"{shown} says version {alias.version}, whose number is {version.number} now",)
    return Found(model, version, alias, warnings)


def _missing(sight: Sight, model: RegisteredModel, name: str, shown: str) -> Exception:
    path = layout.alias_path(model.folder, layout.folder_name(name))
    if sight.guarded.read(path) is not None:
        return _contested(shown)
    there = [one.alias for one in catalogue.aliases(sight.guarded, model.folder)]
    return NotFound(
        f"{model.name} has no alias {name!r}", f"mlgit models {model.name}", candidates=there
    )


def _contested(shown: str) -> Conflict:
    return Conflict(f"{shown} is contested: two promotions raced", "mlgit conflicts", alias=shown)


def _by_uid(sight: Sight, model: RegisteredModel, uid: str, shown: str) -> ModelVersion:
    for one in catalogue.versions(sight.data, model.folder):
        if one.uid == uid and one.status != DELETED:
            return one
    raise NotFound(
        f"{shown} points to a version that is not here",
        "mlgit pull, or mlgit check for what is wrong",
        uid=uid,
    )


def _by_stage(sight: Sight, model: RegisteredModel, stage: str, strict: bool) -> Found:
    stages = catalogue.stages(sight.guarded, model.folder)
    for version in reversed(catalogue.versions(sight.data, model.folder)):
        found = stages.get(version.uid)
        if version.status == DELETED or stage_name(found) != stage:
            continue
        contested = found is not None and found.contested
        shown = f"the stage of {model.name}@{version.number}"
        if contested and strict:
            raise _contested(shown)
        return Found(model, version, warnings=_race(shown, contested=contested))
    raise NotFound(f"no version of {model.name} is in {stage}", f"mlgit models {model.name}")


def _race(shown: str, *, contested: bool) -> tuple[str, ...]:
    return (f"{shown} is contested; this is what it was before",) if contested else ()


def stage_name(stage: Stage | None) -> str:
    """What a version is in; `None`, the word, where nobody said."""
    return stage.stage if stage else "None"


def _renumbered(version: ModelVersion) -> tuple[str, ...]:
    if version.renumbered_from is None:
        return ()
    return (f"version {version.number} was {version.renumbered_from} before a merge",)
