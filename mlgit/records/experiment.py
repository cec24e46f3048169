"""One experiment as a value: what `experiment.yaml` says."""

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
    optional_text,
    require_writable,
    texts_to_doc,
    time_of,
    unknown,
    with_unknown,
)

NOTE_TAG = "mlflow.note.content"
_KEYS = frozenset(
    [
        "format",
        "id",
        "name",
        "created",
        "updated",
        "lifecycle",
        "note",
        "artifact_location",
        "tags",
        "edits",
    ]
)


class Experiment(NamedTuple):
    """One experiment; times are milliseconds UTC.

    `folder` is its directory below `runs/` on the branch; it is where the file was found, not a
    key in it. `extra` keeps keys that this version does not know.
    """

    id: str
    name: str
    folder: str
    created: int
    updated: int
    lifecycle: str = "active"
    note: str = ""
    artifact_location: str = ""
    tags: Mapping[str, str] = NOTHING
    edits: Mapping[str, Edit] = NOTHING
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT

    def all_tags(self) -> dict[str, str]:
        """The user's tags together with the reserved tag that the note stands for."""
        return {**({NOTE_TAG: self.note} if self.note else {}), **self.tags}

    def with_tag(self, key: str, value: str, stamp: Edit | None = None) -> Experiment:
        """This experiment with one tag set; the reserved note tag sets the note."""
        if key == NOTE_TAG:
            return _edited(self._replace(note=value), "note", stamp)
        return _edited(self._replace(tags={**self.tags, key: value}), f"tags.{key}", stamp)

    def without_tag(self, key: str, stamp: Edit | None = None) -> Experiment:
        """This experiment without one tag."""
        gone = stamp._replace(deleted=True) if stamp else None
        if key == NOTE_TAG:
            return _edited(self._replace(note=""), "note", gone)
        tags = {name: value for name, value in self.tags.items() if name != key}
        return _edited(self._replace(tags=tags), f"tags.{key}", gone)


def _edited(experiment: Experiment, path: str, stamp: Edit | None) -> Experiment:
    if stamp is None:
        return experiment
    return experiment._replace(edits={**experiment.edits, path: stamp})


def dump_experiment(experiment: Experiment) -> bytes:
    """`experiment.yaml` of an experiment.

    Raises:
        errors.Unsupported: The experiment was read from a newer format.
    """
    require_writable(experiment.format)
    doc: Doc = {
        "format": experiment.format,
        "id": experiment.id,
        "name": experiment.name,
        "created": times.iso(experiment.created),
        "updated": times.iso(experiment.updated),
    }
    optional = {
        "lifecycle": "" if experiment.lifecycle == "active" else experiment.lifecycle,
        "note": experiment.note,
        "artifact_location": experiment.artifact_location,
        "tags": texts_to_doc(experiment.tags),
        "edits": edits_to_doc(experiment.edits),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return text.dump(with_unknown(doc, experiment.extra))


def load_experiment(data: bytes, folder: str) -> Experiment:
    """The experiment that the `experiment.yaml` of `folder` describes.

    Raises:
        errors.Damaged: Not an experiment.
    """
    doc = text.load(data)
    try:
        return _to_experiment(doc, folder)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("experiment", doc, error) from None


def _to_experiment(doc: Doc, folder: str) -> Experiment:
    extra = unknown(doc, _KEYS)
    created = time_of(doc["created"])
    return Experiment(
        id=name_of(doc["id"]),
        name=name_of(doc["name"]),
        folder=folder,
        created=created,
        updated=time_of(doc["updated"]) if "updated" in doc else created,
        lifecycle=lifecycle_of(doc),
        note=optional_text(doc, "note"),
        artifact_location=optional_text(doc, "artifact_location"),
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        edits=doc_to_edits(doc.get("edits", {})),
        extra=extra,
        format=format_of(doc),
    )
