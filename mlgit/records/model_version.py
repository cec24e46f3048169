"""One version of a registered model as a value: what `versions/<n>.yaml` says."""

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
    count_of,
    doc_to_edits,
    doc_to_texts,
    edits_to_doc,
    format_of,
    name_of,
    optional_text,
    require_writable,
    texts_to_doc,
    time_of,
    unknown,
    with_unknown,
)

READY, DELETED = "READY", "DELETED"
STATUSES = ("PENDING_REGISTRATION", READY, "FAILED_REGISTRATION", DELETED)
_TEXTS = ("author", "run", "logged_model", "source", "manifest", "signature", "description")
_KEYS = frozenset(
    ["format", "uid", "status", "created", *_TEXTS, "renumbered_from", "tags", "edits"]
)


class ModelVersion(NamedTuple):
    """One version of a model; `created` is milliseconds UTC.

    Attributes:
        number: Where it was found, `versions/<number>.yaml`; no key in the file.
        uid: What it is, for ever: 16 hex digits.
        run: The id of the run that made it, or "".
        logged_model: The id of the logged model that it is, or "".
        source: Where its files came from, such as `runs:/<id>/model`.
        manifest: `sha256:` and the digest of the bytes of its `artifacts.yaml`, or "".
        signature: JSON text of its inputs and outputs, as in MLmodel, or "".
        renumbered_from: The number it had before a merge.
        extra: Keys that this version of mlgit does not know.
    """

    number: int
    uid: str
    status: str
    created: int
    author: str = ""
    run: str = ""
    logged_model: str = ""
    source: str = ""
    manifest: str = ""
    signature: str = ""
    description: str = ""
    renumbered_from: int | None = None
    tags: Mapping[str, str] = NOTHING
    edits: Mapping[str, Edit] = NOTHING
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def dump_model_version(version: ModelVersion) -> bytes:
    """`versions/<n>.yaml` of a version.

    Raises:
        errors.Unsupported: The version was read from a newer format.
    """
    require_writable(version.format)
    doc: Doc = {
        "format": version.format,
        "uid": version.uid,
        "status": version.status,
        "created": times.iso(version.created),
    }
    optional = {key: getattr(version, key) for key in _TEXTS}
    doc.update((key, value) for key, value in optional.items() if value)
    if version.renumbered_from is not None:
        doc["renumbered_from"] = version.renumbered_from
    sections = {"tags": texts_to_doc(version.tags), "edits": edits_to_doc(version.edits)}
    doc.update((key, value) for key, value in sections.items() if value)
    return text.dump(with_unknown(doc, version.extra))


def load_model_version(data: bytes, number: int) -> ModelVersion:
    """The version that `versions/<number>.yaml` describes.

    Raises:
        errors.Damaged: Not a version.
    """
    doc = text.load(data)
    try:
        return _to_version(doc, number)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("version", doc, error) from None


def _to_version(doc: Doc, number: int) -> ModelVersion:
    extra = unknown(doc, _KEYS)
    if doc["status"] not in STATUSES:
        raise ValueError(f"status is one of {', '.join(STATUSES)}")
    return ModelVersion(
        number=number,
        uid=name_of(doc["uid"]),
        status=doc["status"],
        created=time_of(doc["created"]),
        renumbered_from=count_of(doc["renumbered_from"]) if "renumbered_from" in doc else None,
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        edits=doc_to_edits(doc.get("edits", {})),
        extra=extra,
        format=format_of(doc),
        **{key: optional_text(doc, key) for key in _TEXTS},
    )
