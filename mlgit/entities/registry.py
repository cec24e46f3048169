"""Registered models and their versions as the API gives them back: MLflow's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ModelVersion(NamedTuple):
    """One version of a registered model; times are milliseconds UTC.

    Attributes:
        version: Its number, as text, as MLflow's server gives it.
        provisional: Its number has not landed: a merge may give it another. `uid` stays.
    """

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str
    user_id: str
    current_stage: str
    source: str
    run_id: str | None
    model_id: str | None
    status: str
    status_message: str | None
    tags: Mapping[str, str]
    aliases: list[str]
    uid: str
    manifest: str
    signature: str
    provisional: bool


class RegisteredModel(NamedTuple):
    """One registered model; times are milliseconds UTC.

    Attributes:
        latest_versions: The newest version in each stage.
        aliases: Alias to the number of its version, as text.
    """

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str
    latest_versions: list[ModelVersion]
    tags: Mapping[str, str]
    aliases: Mapping[str, str]
