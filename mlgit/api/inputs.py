"""What the active run read and made: datasets and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlgit.api.context import client
from mlgit.api.runs import current
from mlgit.entities.values import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
)
from mlgit.errors import InvalidValue

CONTEXT_TAG = "mlflow.data.context"


def log_input(
    dataset: Dataset | None = None,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: LoggedModelInput | None = None,
) -> None:
    """Say which dataset (or model) the run read, and for what: "training", "testing"."""
    datasets = [] if dataset is None else [dataset]
    models = [] if model is None else [model]
    log_inputs(datasets, [context] * len(datasets), [tags] * len(datasets), models)


def log_inputs(
    datasets: Sequence[Dataset] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: Sequence[LoggedModelInput] | None = None,
) -> None:
    """Say which datasets the run read, each with its context and tags, and which models.

    Raises:
        InvalidValue: The lists differ in length.
    """
    read = list(datasets or ())
    said = list(contexts or [None] * len(read))
    labels = list(tags_list or [None] * len(read))
    if not len(read) == len(said) == len(labels):
        raise InvalidValue("datasets, contexts and tags_list must be of one length")
    uses = [
        DatasetInput(dataset, _tags(context, tags))
        for dataset, context, tags in zip(read, said, labels, strict=True)
    ]
    client().log_inputs(current().live.id, uses, models)


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Say which models the run made, and at which step."""
    client().log_outputs(current().live.id, models or ())


def _tags(context: str | None, tags: Mapping[str, str] | None) -> list[InputTag]:
    said = {CONTEXT_TAG: context} if context else {}
    return [InputTag(key, value) for key, value in {**said, **(tags or {})}.items()]
