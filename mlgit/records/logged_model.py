"""A model that a run made, as MLflow 3 keeps it: what `logged-model.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlgit import times
from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    Doc,
    Edit,
    doc_to_edits,
    doc_to_texts,
    edits_to_doc,
    format_of,
    lifecycle_of,
    name_of,
    optional_text,
    require_writable,
    texts_to_doc,
    time_of,
    unknown,
    value_to_text,
    with_unknown,
)

STATUSES = ("PENDING", "READY", "FAILED")
_KEYS = frozenset(
    [
        "format",
        "id",
        "name",
        "experiment",
        "status",
        "status_message",
        "created",
        "updated",
        "lifecycle",
        "model_type",
        "source_run",
        "params",
        "tags",
        "edits",
    ]
)


@dataclass(frozen=True)
class LoggedModel:
    """One logged model; times are milliseconds UTC, `id` is `m-` and 32 hex digits.

    Its metrics are the points of runs that carry its id.
    """

    id: str
    name: str
    experiment_id: str
    status: str
    created: int
    updated: int
    status_message: str = ""
    lifecycle: str = "active"
    model_type: str = ""
    source_run: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT


def dump_logged_model(model: LoggedModel) -> bytes:
    """`logged-model.yaml` of a model.

    Raises:
        errors.Unsupported: The model was read from a newer format.
    """
    require_writable(model.format)
    doc: Doc = {
        "format": model.format,
        "id": model.id,
        "name": model.name,
        "experiment": model.experiment_id,
        "status": model.status,
    }
    optional = {
        "status_message": model.status_message,
        "created": times.iso(model.created),
        "updated": times.iso(model.updated),
        "lifecycle": "" if model.lifecycle == "active" else model.lifecycle,
        "model_type": model.model_type,
        "source_run": model.source_run,
        "params": texts_to_doc(model.params),
        "tags": texts_to_doc(model.tags),
        "edits": edits_to_doc(model.edits),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return text.dump(with_unknown(doc, model.extra))


def load_logged_model(data: bytes) -> LoggedModel:
    """The model that a `logged-model.yaml` describes.

    Raises:
        errors.Damaged: Not a logged model.
    """
    doc = text.load(data)
    try:
        return _to_model(doc)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("logged-model", doc, error) from None


def _to_model(doc: Doc) -> LoggedModel:
    extra = unknown(doc, _KEYS)
    if doc["status"] not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}")
    return LoggedModel(
        id=name_of(doc["id"]),
        name=value_to_text(doc["name"]),
        experiment_id=name_of(doc["experiment"]),
        status=doc["status"],
        created=time_of(doc["created"]),
        updated=time_of(doc.get("updated", doc["created"])),
        status_message=optional_text(doc, "status_message"),
        lifecycle=lifecycle_of(doc),
        model_type=optional_text(doc, "model_type"),
        source_run=optional_text(doc, "source_run"),
        params=doc_to_texts(doc.get("params", {}), extra, "params"),
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        edits=doc_to_edits(doc.get("edits", {})),
        extra=extra,
        format=format_of(doc),
    )
