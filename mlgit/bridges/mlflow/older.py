"""What an older MLflow lacks: the one place that knows."""

from __future__ import annotations

from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow import entities as theirs
from mlflow.store.artifact.artifact_repo import ArtifactRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

#: MLflow 2 has no logged models: there a run's models are files of the run.
HAS_LOGGED_MODELS = hasattr(theirs, "LoggedModel")


def made(kind: Callable[..., T], **fields: Any) -> T:
    """One of MLflow's entities, of those fields that it has there."""
    known = _fields(kind)
    return kind(**{name: value for name, value in fields.items() if name in known})


@cache
def _fields(kind: Callable[..., object]) -> frozenset[str]:
    return frozenset(signature(kind).parameters)


def linked(kind: str, every: Iterable[tuple[Any, ...]]) -> list[Any]:
    """A run's links to logged models, each as MLflow's entity of that name; none in MLflow 2."""
    return [getattr(theirs, kind)(*one) for one in every] if HAS_LOGGED_MODELS else []


def context_of(metric: theirs.Metric) -> tuple[str | None, str | None, str | None]:
    """The logged model, dataset and digest that a point is of; nothing in MLflow 2."""
    names = ("model_id", "dataset_name", "dataset_digest")
    model, dataset, digest = (getattr(metric, name, None) for name in names)
    return model, dataset, digest


def described(model: Any) -> dict[str, Any]:
    """A model that was saved, as the tag of its run has it."""
    tell: Callable[[], dict[str, Any]] = getattr(model, "get_tags_dict", model.to_dict)
    return tell()


class Repository(ArtifactRepository):  # type: ignore[misc]
    """Artifacts below an address; MLflow 2 is told only that, 3.1 one address more, 3.17 two."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        super().__init__(artifact_uri)
        self.tracking_uri, self.registry_uri = tracking_uri, registry_uri
