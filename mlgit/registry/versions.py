"""Versions of registered models: registered, annotated, copied, deleted, by MLflow's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import InvalidValue
from mlgit.records import layout
from mlgit.records.fields import NOTHING, next_edit
from mlgit.records.model_version import (
    DELETED,
    READY,
    STATUSES,
    ModelVersion,
    dump_model_version,
)
from mlgit.registry import catalogue, models
from mlgit.store.message import message

if TYPE_CHECKING:
    from mlgit.records.fields import Edit
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

Rewrite = Callable[[ModelVersion, "Edit"], ModelVersion]


class Request(NamedTuple):
    """What a new version is; fields as in `ModelVersion`."""

    run: str = ""
    logged_model: str = ""
    source: str = ""
    manifest: str = ""
    signature: str = ""
    description: str = ""
    tags: Mapping[str, object] = NOTHING
    author: str = ""
    status: str = READY


def register(store: Store, name: str, request: Request) -> ModelVersion:
    """A new version of a model, which is made where there is none of that name; one commit.

    Raises:
        InvalidValue: The name or a tag cannot be used.
    """
    return _add(store, name, request, lambda data: _found_or_new(data, name, store.writer))


def create(store: Store, name: str, request: Request) -> ModelVersion:
    """A new version of a model that is there.

    Raises:
        NotFound, InvalidState: There is no model of that name; it is deleted.
        InvalidValue: A tag cannot be used.
    """
    return _add(store, name, request, lambda data: catalogue.model(data, name))


def annotate(store: Store, name: str, number: int, description: str) -> ModelVersion:
    """Set what people read about a version; Markdown.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted.
    """

    def edit(found: ModelVersion, stamp: Edit) -> ModelVersion:
        edits = {**found.edits, "description": stamp}
        return found._replace(description=description, edits=edits)

    return _edit(store, name, number, edit, "describe")


def set_tag(store: Store, name: str, number: int, key: str, value: object) -> ModelVersion:
    """Set a tag of a version.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted.
        InvalidValue: The key or the value cannot be used.
    """
    given = models.checked_tags({key: value})

    def edit(found: ModelVersion, stamp: Edit) -> ModelVersion:
        edits = {**found.edits, f"tags.{key}": stamp}
        return found._replace(tags={**found.tags, **given}, edits=edits)

    return _edit(store, name, number, edit, f"tag {key} on")


def delete_tag(store: Store, name: str, number: int, key: str) -> ModelVersion:
    """Take a tag of a version away; nothing happens where it has none of that key.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted.
    """

    def edit(found: ModelVersion, stamp: Edit) -> ModelVersion:
        if key not in found.tags:
            return found
        tags = {one: value for one, value in found.tags.items() if one != key}
        gone = {**found.edits, f"tags.{key}": stamp._replace(deleted=True)}
        return found._replace(tags=tags, edits=gone)

    return _edit(store, name, number, edit, f"remove tag {key} of")


def set_status(store: Store, name: str, number: int, status: str) -> ModelVersion:
    """Say how far the registration is: `PENDING_REGISTRATION`, `READY`, `FAILED_REGISTRATION`.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted.
        InvalidValue: Another status.
    """
    if status not in STATUSES or status == DELETED:
        allowed = ", ".join(one for one in STATUSES if one != DELETED)
        raise InvalidValue(f"{status!r:.60} is no status", f"one of {allowed}", status=status)

    def edit(found: ModelVersion, stamp: Edit) -> ModelVersion:
        return found._replace(status=status, edits={**found.edits, "status": stamp})

    return _edit(store, name, number, edit, f"status {status} of")


def delete(store: Store, name: str, number: int) -> ModelVersion:
    """Delete a version; its number is never used again. Its aliases are `aliases`' to remove.

    Raises:
        NotFound, InvalidState: There is no such model or version; it is deleted already.
    """

    def edit(found: ModelVersion, stamp: Edit) -> ModelVersion:
        return found._replace(status=DELETED, edits={**found.edits, "status": stamp})

    return _edit(store, name, number, edit, "delete")


def copied(model: RegisteredModel, version: ModelVersion) -> Request:
    """What a copy of a version for another model is: the same files and origin, as MLflow copies.

    Its source is the version that was copied.
    """
    return Request(
        version.run,
        version.logged_model,
        f"models:/{model.name}/{version.number}",
        version.manifest,
        version.signature,
        version.description,
        version.tags,
        status=version.status,
    )


def _found_or_new(data: Snapshot, name: str, writer: str) -> RegisteredModel:
    there = catalogue.named(data, name)
    if there is not None and there.lifecycle == "active":
        return there
    return models.new(data, name, writer)


def _add(
    store: Store, name: str, request: Request, model_of: Callable[[Snapshot], RegisteredModel]
) -> ModelVersion:
    tags = models.checked_tags(request.tags)
    uid, now = times.random_bytes(8).hex(), times.now_ms()

    def make(change: Change) -> ModelVersion:
        model = model_of(change.snapshot)
        number = max(catalogue.taken_numbers(change.snapshot, model.folder), default=0) + 1
        fields = {**request._asdict(), "tags": tags}
        version = ModelVersion(number=number, uid=uid, created=now, **fields)
        models.put(change, model._replace(updated=max(now, model.updated)))
        change.put(layout.version_path(model.folder, number), dump_model_version(version))
        change.message = message(f"registry: register {name} v{number}", trailers)
        return version

    trailers = {models.TRAILER: name, "Mlgit-Run": request.run}
    return store.apply(make, f"registry: register {name}", trailers)


def _edit(store: Store, name: str, number: int, edit: Rewrite, act: str) -> ModelVersion:
    def rewrite(change: Change) -> ModelVersion:
        model = catalogue.model(change.snapshot, name)
        found = catalogue.version(change.snapshot, model.folder, number)
        changed = edit(found, next_edit(found.edits, store.writer))
        if changed != found:
            path = layout.version_path(model.folder, number)
            models.put_record(change, path, dump_model_version(changed))
        return changed

    subject = f"registry: {act} {name}@{number}"
    return store.apply(rewrite, subject, {models.TRAILER: name})
