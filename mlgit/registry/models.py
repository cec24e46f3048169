"""Registered models: made, renamed, described, tagged, deleted, by MLflow's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import AlreadyExists, Guarded
from mlgit.records import layout, names
from mlgit.records.fields import next_edit
from mlgit.records.hand_written import replaced
from mlgit.records.model_name import validate_registered_name
from mlgit.records.model_version import DELETED, dump_model_version
from mlgit.records.registered_model import RegisteredModel, dump_registered_model
from mlgit.registry import catalogue
from mlgit.registry.sight import sight

if TYPE_CHECKING:
    from mlgit.records.fields import Edit
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

TRAILER = "Mlgit-Model"
Rewrite = Callable[["Change", RegisteredModel, "Edit"], RegisteredModel]


def create(
    store: Store, name: str, *, description: str = "", tags: Mapping[str, object] | None = None
) -> RegisteredModel:
    """Register a model that has no version yet, in a commit of its own.

    A deleted model of that name begins anew; its versions' numbers are not used again.

    Raises:
        InvalidValue: The name or a tag cannot be used.
        AlreadyExists: There is one.
    """
    given = checked_tags(tags)

    def make(change: Change) -> RegisteredModel:
        refuse_taken(change.snapshot, name)
        made = new(change.snapshot, name, store.writer)._replace(
            description=description, tags=given
        )
        put(change, made)
        return made

    validate_registered_name(name)
    return store.apply(make, f"registry: create {name}", {TRAILER: name})


def new(data: Snapshot, name: str, writer: str) -> RegisteredModel:
    """A live model of that name, which nothing has written yet; a deleted one begins anew.

    Raises:
        InvalidValue: It cannot be a name.
    """
    validate_registered_name(name)
    now = times.now_ms()
    before = catalogue.named(data, name)
    if before is not None:
        return _anew(before, now, next_edit(before.edits, writer))
    taken = set(data.names(catalogue.MODELS))
    choices = (layout.folder_name(f"{name}\0{k}" if k else name) for k in count())
    # A folder that is taken is of a model that was renamed since: a folder never moves.
    folder = next(choice for choice in choices if choice not in taken)
    return RegisteredModel(name, folder, created=now, updated=now)


def _anew(before: RegisteredModel, now: int, stamp: Edit) -> RegisteredModel:
    """A deleted model as a new one; marked, so that no other clone's deletion wins over it."""
    gone = {f"tags.{key}": stamp._replace(deleted=True) for key in before.tags}
    edits = {**before.edits, "lifecycle": stamp, "description": stamp, **gone}
    return RegisteredModel(before.name, before.folder, created=now, updated=now, edits=edits)


def rename(store: Store, name: str, new_name: str) -> RegisteredModel:
    """Give a model another name; its folder, versions and aliases stay.

    Raises:
        NotFound, InvalidState: There is none of that name; it is deleted, or has gates, which
            name it and would not follow.
        InvalidValue, AlreadyExists: The new name cannot be used; another model has it.
    """
    validate_registered_name(new_name)
    _refuse_gated(store, name)

    def edit(change: Change, found: RegisteredModel, stamp: Edit) -> RegisteredModel:
        if new_name == name:
            return found
        refuse_taken(change.snapshot, new_name)
        return found._replace(name=new_name, edits={**found.edits, "name": stamp})

    return _edit(store, name, edit, f"registry: rename {name} to {new_name}")


def describe(store: Store, name: str, description: str) -> RegisteredModel:
    """Set what people read about a model; Markdown.

    Raises:
        NotFound, InvalidState: There is none of that name; it is deleted.
    """

    def edit(_: Change, found: RegisteredModel, stamp: Edit) -> RegisteredModel:
        extra = {key: value for key, value in found.extra.items() if key != "description"}
        edits = {**found.edits, "description": stamp}
        return found._replace(description=description, edits=edits, extra=extra)

    return _edit(store, name, edit, f"registry: describe {name}")


def set_tag(store: Store, name: str, key: str, value: object) -> RegisteredModel:
    """Set a tag of a model.

    Raises:
        NotFound, InvalidState: There is none of that name; it is deleted.
        InvalidValue: The key or the value cannot be used.
    """
    given = checked_tags({key: value})

    def edit(_: Change, found: RegisteredModel, stamp: Edit) -> RegisteredModel:
        edits = {**found.edits, f"tags.{key}": stamp}
        return found._replace(tags={**found.tags, **given}, edits=edits)

    return _edit(store, name, edit, f"registry: tag {key} on {name}")


def delete_tag(store: Store, name: str, key: str) -> RegisteredModel:
    """Take a tag of a model away; nothing happens where it has none of that key.

    Raises:
        NotFound, InvalidState: There is none of that name; it is deleted.
    """

    def edit(_: Change, found: RegisteredModel, stamp: Edit) -> RegisteredModel:
        if key not in found.tags:
            return found
        tags = {one: value for one, value in found.tags.items() if one != key}
        gone = {**found.edits, f"tags.{key}": stamp._replace(deleted=True)}
        return found._replace(tags=tags, edits=gone)

    return _edit(store, name, edit, f"registry: remove tag {key} of {name}")


def delete(store: Store, name: str) -> RegisteredModel:
    """Delete a model with all its versions; the aliases are `aliases.forget_all`'s to remove.

    Raises:
        NotFound, InvalidState: There is none of that name; it is deleted already.
    """

    def edit(change: Change, found: RegisteredModel, stamp: Edit) -> RegisteredModel:
        for version in catalogue.versions(change.snapshot, found.folder):
            if version.status != DELETED:
                mark = next_edit(version.edits, stamp.by)
                edits = {**version.edits, "status": mark}
                gone = version._replace(status=DELETED, edits=edits)
                path = layout.version_path(found.folder, version.number)
                put_record(change, path, dump_model_version(gone))
        return found._replace(lifecycle="deleted", edits={**found.edits, "lifecycle": stamp})

    return _edit(store, name, edit, f"registry: delete {name}")


def _refuse_gated(store: Store, name: str) -> None:
    policy = catalogue.policy(sight(store).guarded)
    if any(model == name for model, _ in (*policy.aliases, *policy.stages)):
        raise Guarded(
            f"{name!r} has gates in {layout.POLICY}, which name it",
            "change the policy first: mlgit policy FILE",
            name=name,
        )


def refuse_taken(data: Snapshot, name: str) -> None:
    """Refuse a name that a live model has.

    Raises:
        AlreadyExists: One has it.
    """
    there = catalogue.named(data, name)
    if there is not None and there.lifecycle == "active":
        raise AlreadyExists(
            f"there is a registered model called {name!r} already", "mlgit models", name=name
        )


def checked_tags(tags: Mapping[str, object] | None) -> dict[str, str]:
    """Tags of a model or version, as text.

    Raises:
        InvalidValue: A key or value cannot be used.
    """
    return {
        names.validate_key("tag", key): names.experiment_tag_value(key, value)
        for key, value in (tags or {}).items()
    }


def put(change: Change, model: RegisteredModel) -> None:
    """Write `model.yaml`; comments of people in it stay."""
    put_record(change, layout.model_path(model.folder), dump_registered_model(model))


def put_record(change: Change, path: str, data: bytes) -> None:
    """Write a record; comments and order of a file that people wrote stay."""
    before = change.snapshot.read(path)
    change.put(path, data if before is None else replaced(before, data))


def _edit(store: Store, name: str, edit: Rewrite, subject: str) -> RegisteredModel:
    def rewrite(change: Change) -> RegisteredModel:
        found = catalogue.model(change.snapshot, name)
        changed = edit(change, found, next_edit(found.edits, store.writer))
        if changed != found:
            changed = changed._replace(updated=times.now_ms())
            put(change, changed)
        return changed

    return store.apply(rewrite, subject, {TRAILER: name})
