"""Datasets and models a run read or made: what `inputs.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DatasetInput:
    """One dataset used by a run; `schema` and `profile` are JSON text, `tags` its context."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelLink:
    """A logged model that went into a run (`direction` "in") or came out of it ("out")."""

    model_id: str
    direction: str
    step: int = 0
