"""Aliases: one file each, which says what it points to, what before, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Guarded, NotFound
from mlgit.records import layout
from mlgit.records.model_name import validate_alias
from mlgit.records.pointer import Alias, dump_alias
from mlgit.registry import catalogue, models
from mlgit.registry.sight import decide
from mlgit.store.message import message

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.sight import Sight
    from mlgit.store.change import Change
    from mlgit.store.store import Store


def decided(
    sight: Sight, model: RegisteredModel, name: str, version: ModelVersion, reason: str, writer: str
) -> Alias:
    """The alias as it is after it was given to a version now; nothing is written.

    It pins the version's manifest, names the commit of the runs it was decided on, and expects to
    find what it points to today.

    Raises:
        InvalidValue: It cannot be a name.
        Damaged: The alias that is there cannot be read.
    """
    before = catalogue.alias(sight.guarded, model.folder, validate_alias(name))
    return Alias(
        alias=name,
        version=version.number,
        uid=version.uid,
        at=max(times.now_ms(), before.at + 1 if before else 0),
        by=writer,
        manifest=version.manifest,
        previous=before.version if before else None,
        reason=reason,
        evidence=sight.data.commit.decode("ascii"),
        extra=before.extra if before else {},
    )


def set_alias(store: Store, model: str, name: str, number: int, *, reason: str = "") -> Alias:
    """Give an alias to a version, in a commit of its own; nothing changes where it has it.

    Raises:
        NotFound, InvalidState: There is no such model or version; a gate guards the alias.
        InvalidValue: It cannot be a name.
    """

    def edit(change: Change, sight: Sight) -> Alias:
        found = catalogue.model(sight.data, model)
        version = catalogue.version(sight.data, found.folder, number)
        before = catalogue.alias(sight.guarded, found.folder, validate_alias(name))
        if before is not None and before.uid == version.uid and not before.contested:
            return before
        _refuse_gated(sight, model, name, f"mlgit promote {model}@{number} --to {name}")
        alias = decided(sight, found, name, version, reason, store.writer)
        models.put_record(change, path_of(found, name), dump_alias(alias))
        change.message = message(subject(model, name, before, alias), trailers)
        return alias

    trailers = {models.TRAILER: model}
    return decide(store, edit, f"promote {model}: {name}", trailers)


def delete_alias(store: Store, model: str, name: str) -> None:
    """Take an alias away, in a commit of its own.

    Raises:
        NotFound, InvalidState: There is no such model or alias; a gate guards the alias.
    """

    def edit(change: Change, sight: Sight) -> None:
        found = catalogue.model(sight.data, model)
        path = path_of(found, validate_alias(name))
        if sight.guarded.read(path) is None:
            there = [one.alias for one in catalogue.aliases(sight.guarded, found.folder)]
            raise NotFound(
                f"{model} has no alias {name!r}", f"mlgit models {model}", candidates=there
            )
        _refuse_gated(sight, model, name, "propose it: push a branch without the file")
        change.remove(path)

    decide(store, edit, f"promote {model}: {name} is removed", {models.TRAILER: model})


def remove_all(store: Store, model: str, *, uid: str = "") -> list[str]:
    """Take all aliases of a model away, or those of one version; their names.

    Raises:
        NotFound, InvalidState: There is no such model; a gate guards one of them.
    """

    def edit(change: Change, sight: Sight) -> list[str]:
        found = catalogue.model(sight.data, model)
        there = catalogue.aliases(sight.guarded, found.folder)
        gone = [one.alias for one in there if uid in ("", one.uid)]
        for name in gone:
            _refuse_gated(sight, model, name, f"mlgit promote ANOTHER --to {name}")
            change.remove(path_of(found, name))
        return gone

    return decide(store, edit, f"promote {model}: aliases are removed", {models.TRAILER: model})


def path_of(model: RegisteredModel, name: str) -> str:
    """The file of an alias."""
    return layout.alias_path(model.folder, layout.folder_name(name))


def subject(model: str, name: str, before: Alias | None, after: Alias) -> str:
    """`promote churn: production v4 -> v5`, as commits and requests say it."""
    was = f"v{before.version}" if before else "nothing"
    return f"promote {model}: {name} {was} -> v{after.version}"


def _refuse_gated(sight: Sight, model: str, name: str, hint: str) -> None:
    if catalogue.policy(sight.guarded).of_alias(model, name) is not None:
        raise Guarded(
            f"the alias {model}@{name} is guarded by the policy", hint, model=model, alias=name
        )
