"""One registered model as a value: what `model.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlgit import times
from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    Edit,
    doc_to_edits,
    doc_to_texts,
    edits_to_doc,
    format_of,
    lifecycle_of,
    name_of,
    require_writable,
    served,
    texts_to_doc,
    time_of,
    unknown,
    value_to_text,
    with_unknown,
)

_KEYS = frozenset(
    ["format", "name", "created", "updated", "lifecycle", "description", "tags", "edits"]
)


class RegisteredModel(NamedTuple):
    """One registered model; times are milliseconds UTC.

    `folder` is its directory below `registry/models/`; it is where the file was found, not a key
    in it, and stays when the name changes. `extra` keeps keys that this version does not know.
    """

    name: str
    folder: str
    created: int
    updated: int
    lifecycle: str = "active"
    description: str = ""
    tags: Mapping[str, str] = NOTHING
    edits: Mapping[str, Edit] = NOTHING
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def dump_registered_model(model: RegisteredModel) -> bytes:
    """`model.yaml` of a model.

    Raises:
        errors.Unsupported: The model was read from a newer format.
    """
    require_writable(model.format)
    doc: Doc = {
        "format": model.format,
        "name": model.name,
        "created": times.iso(model.created),
        "updated": times.iso(model.updated),
    }
    optional = {
        "lifecycle": "" if model.lifecycle == "active" else model.lifecycle,
        "description": model.description,
        "tags": texts_to_doc(model.tags),
        "edits": edits_to_doc(model.edits),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return text.dump(with_unknown(doc, model.extra))


def load_registered_model(data: bytes, folder: str) -> RegisteredModel:
    """The model that the `model.yaml` of `folder` describes.

    Raises:
        errors.Damaged: Not a registered model.
    """
    doc = text.load(data)
    try:
        return _to_model(doc, folder)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("model", doc, error) from None


def _to_model(doc: Doc, folder: str) -> RegisteredModel:
    extra = unknown(doc, _KEYS)
    created = time_of(doc["created"])
    return RegisteredModel(
        name=name_of(doc["name"]),
        folder=folder,
        created=created,
        updated=time_of(doc["updated"]) if "updated" in doc else created,
        lifecycle=lifecycle_of(doc),
        description=_description(doc, extra),
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        edits=doc_to_edits(doc.get("edits", {})),
        extra=extra,
        format=format_of(doc),
    )


def _description(doc: Doc, extra: Doc) -> str:
    """The description; of one in conflict what it was before, and the conflict stays in `extra`."""
    found = doc.get("description", "")
    if not isinstance(found, dict):
        return value_to_text(found)
    extra["description"] = found
    return value_to_text(served(found))
