"""Datasets and models a run read or made: what `inputs.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlgit import errors
from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    doc_to_texts,
    format_of,
    name_of,
    optional_text,
    require_writable,
    texts_to_doc,
    unknown,
    value_to_text,
    whole_of,
    with_unknown,
)

_KEYS = frozenset(["format", "datasets", "models"])
_DATASET = frozenset(["name", "digest", "source_type", "source", "schema", "profile", "tags"])
_MODEL = frozenset(["model_id", "direction", "step"])
#: Characters of each text of a dataset. MLflow's, but for the profile: its 16,777,215 would not
#: leave room for anything else in the file.
MAX_LENGTHS = {
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 1_048_575,
}


class DatasetInput(NamedTuple):
    """One dataset used by a run; `schema` and `profile` are JSON text, `tags` its context."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    tags: Mapping[str, str] = NOTHING
    extra: Mapping[str, Any] = NOTHING


class ModelLink(NamedTuple):
    """A logged model that went into a run (`direction` "in") or came out of it ("out")."""

    model_id: str
    direction: str
    step: int = 0
    extra: Mapping[str, Any] = NOTHING


class Inputs(NamedTuple):
    """All that `inputs.yaml` of one run says."""

    datasets: tuple[DatasetInput, ...] = ()
    models: tuple[ModelLink, ...] = ()
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def validate_dataset(dataset: DatasetInput) -> DatasetInput:
    """`dataset`, whose texts must fit.

    Raises:
        errors.InvalidValue: One is too long, or it has no name.
    """
    if not dataset.name:
        raise errors.InvalidValue("a dataset needs a name", "from_pandas(frame, name='train')")
    for field, most in MAX_LENGTHS.items():
        length = len(getattr(dataset, field))
        if length > most:
            raise errors.InvalidValue(
                f"the {field} of dataset {dataset.name[:100]!r} has {length} characters;"
                f" {most} are allowed",
                field=field,
            )
    return dataset


def dump_inputs(inputs: Inputs) -> bytes:
    """`inputs.yaml`, datasets and models in their order.

    Raises:
        errors.Unsupported: The inputs were read from a newer format.
    """
    require_writable(inputs.format)
    doc: Doc = {"format": inputs.format}
    if inputs.datasets:
        doc["datasets"] = [_dataset_to_doc(dataset) for dataset in inputs.datasets]
    if inputs.models:
        doc["models"] = [_model_to_doc(link) for link in inputs.models]
    return text.dump(with_unknown(doc, inputs.extra))


def _dataset_to_doc(dataset: DatasetInput) -> Doc:
    doc: Doc = {
        "name": dataset.name,
        "digest": dataset.digest,
        "source_type": dataset.source_type,
        "source": dataset.source,
    }
    optional = {
        "schema": dataset.schema,
        "profile": dataset.profile,
        "tags": texts_to_doc(dataset.tags),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return with_unknown(doc, dataset.extra)


def _model_to_doc(link: ModelLink) -> Doc:
    doc: Doc = {"model_id": link.model_id, "direction": link.direction}
    if link.step:
        doc["step"] = link.step
    return with_unknown(doc, link.extra)


def load_inputs(data: bytes) -> Inputs:
    """The datasets and models that an `inputs.yaml` names.

    Raises:
        errors.Damaged: Not such a file.
    """
    doc = text.load(data)
    try:
        return Inputs(
            datasets=tuple(_doc_to_dataset(entry) for entry in doc.get("datasets", [])),
            models=tuple(_doc_to_model(entry) for entry in doc.get("models", [])),
            extra=unknown(doc, _KEYS),
            format=format_of(doc),
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("inputs", doc, error) from None


def _doc_to_dataset(doc: Doc) -> DatasetInput:
    extra = unknown(doc, _DATASET)
    return DatasetInput(
        name=value_to_text(doc["name"]),
        digest=value_to_text(doc["digest"]),
        source_type=optional_text(doc, "source_type"),
        source=optional_text(doc, "source"),
        schema=optional_text(doc, "schema"),
        profile=optional_text(doc, "profile"),
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        extra=extra,
    )


def _doc_to_model(doc: Doc) -> ModelLink:
    direction = doc["direction"]
    if direction not in ("in", "out"):
        raise ValueError("direction is in or out")
    return ModelLink(
        model_id=name_of(doc["model_id"]),
        direction=direction,
        step=whole_of(doc.get("step", 0)),
        extra=unknown(doc, _MODEL),
    )
