"""Versions of registered models, as MLflow asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlgit.bridges.mlflow import addresses, entities
from mlgit.bridges.mlflow.base import Calls, models_of, paged
from mlgit.bridges.mlflow.experiments import MOST
from mlgit.bridges.mlflow.unended import unchanging

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, ModelVersionTag
    from mlflow.store.entities.paged_list import PagedList

_PAGE = 10_000
_ASKED = 200_000  # what MLflow's REST asks for where its client names no number
_PROMPTS = frozenset({"dummy-source", "prompt-template"})  # a prompt has no files: MLflow says this


class VersionCalls(Calls):
    """See the `AbstractStore` of MLflow's registry."""

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Sequence[ModelVersionTag] | None = None,
        run_link: str | None = None,  # noqa: ARG002 - `run_id` says it
        description: str | None = None,
        local_model_path: str | None = None,  # noqa: ARG002 - what is there was logged before
        model_id: str | None = None,
    ) -> ModelVersion:
        made = self.client.create_model_version(
            name,
            unchanging(self.client, _source(source, model_id)),
            run_id or None,
            {one.key: one.value for one in tags or ()},
            description=description or None,
            model_id=model_id or None,
        )
        return entities.model_version(made)

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        return entities.model_version(self.client.get_model_version(name, version))

    def update_model_version(
        self, name: str, version: str | int, description: str | None = None
    ) -> ModelVersion:
        found = self.client.update_model_version(name, version, description)
        return entities.model_version(found)

    def delete_model_version(self, name: str, version: str | int) -> None:
        self.client.delete_model_version(name, version)

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        found = self.client.transition_model_version_stage(
            name, version, stage, archive_existing_versions
        )
        return entities.model_version(found)

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """Where its files are, in a form that MLflow opens wherever its own URI points."""
        uri = self.client.get_model_version_download_uri(name, version)
        scheme, _, rest = uri.partition(":/")
        whole_id, _, path = rest.partition("/")
        if scheme == "runs":
            found = self.artifact_uri(whole_id)
        elif scheme == "models" and whole_id.startswith("m-"):
            found = self.model_uri(whole_id)
        else:
            return uri
        return f"{found}/{path}" if path else found

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        most = max_results or _PAGE
        found = self.client.search_model_versions(
            models_of(filter_string),
            MOST if MOST < most <= _ASKED else most,
            list(order_by or ()),
            page_token or None,
        )
        return paged(map(entities.model_version, found), found.token)

    def set_model_version_tag(self, name: str, version: str | int, tag: ModelVersionTag) -> None:
        self.client.set_model_version_tag(name, version, tag.key, tag.value)

    def delete_model_version_tag(self, name: str, version: str | int, key: str) -> None:
        self.client.delete_model_version_tag(name, version, key)

    def _await_model_version_creation(self, *_: Any) -> None:
        """Nothing to wait for: a version is there once it was made."""


def _source(source: str, model_id: str | None) -> str:
    """What the version is made from: its logged model where it has one."""
    if source in _PROMPTS:
        return f"mlflow-prompt://{source}"
    found = addresses.kept(source)
    return f"models:/{model_id}" if model_id and not found.startswith("models:/") else found
