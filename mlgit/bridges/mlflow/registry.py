"""MLflow's registry store on a git branch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.store.model_registry.abstract_store import AbstractStore

from mlgit.bridges.mlflow import entities
from mlgit.bridges.mlflow.base import models_of, paged
from mlgit.bridges.mlflow.errors import speaking_mlflow
from mlgit.bridges.mlflow.versions import VersionCalls
from mlgit.client import MlgitClient
from mlgit.errors import NotFound

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel, RegisteredModelTag
    from mlflow.store.entities.paged_list import PagedList

_MODELS_PAGE = 100


@partial(speaking_mlflow, gone=RESOURCE_DOES_NOT_EXIST)
class RegistryStore(VersionCalls, AbstractStore):  # type: ignore[misc]
    """Registered models, versions, aliases and stages of one repository.

    An alias or stage that a gate guards is refused with PERMISSION_DENIED, and how to propose it.
    """

    def __init__(self, store_uri: str, served: str = "") -> None:
        super().__init__(store_uri=store_uri)
        self.client, self.served = MlgitClient(store_uri), served

    def create_registered_model(
        self,
        name: str,
        tags: Sequence[RegisteredModelTag] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,  # noqa: ARG002 - Databricks'
    ) -> RegisteredModel:
        given = {one.key: one.value for one in tags or ()}
        return entities.registered_model(
            self.client.create_registered_model(name, given, description)
        )

    def get_registered_model(self, name: str) -> RegisteredModel:
        return entities.registered_model(self.client.get_registered_model(name))

    def update_registered_model(
        self,
        name: str,
        description: str | None,
        deployment_job_id: str | None = None,  # noqa: ARG002 - Databricks'
    ) -> RegisteredModel:
        return entities.registered_model(self.client.update_registered_model(name, description))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        return entities.registered_model(self.client.rename_registered_model(name, new_name))

    def delete_registered_model(self, name: str) -> None:
        self.client.delete_registered_model(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        found = self.client.search_registered_models(
            models_of(filter_string),
            max_results or _MODELS_PAGE,
            list(order_by or ()),
            page_token or None,
        )
        return paged(map(entities.registered_model, found), found.token)

    def get_latest_versions(
        self, name: str, stages: Sequence[str] | None = None
    ) -> list[ModelVersion]:
        found = self.client.get_latest_versions(name, list(stages or ()))
        return [entities.model_version(one) for one in found]

    def set_registered_model_tag(self, name: str, tag: RegisteredModelTag) -> None:
        self.client.set_registered_model_tag(name, tag.key, tag.value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self.client.delete_registered_model_tag(name, key)

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        self.client.set_registered_model_alias(name, alias, version)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self.client.delete_registered_model_alias(name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version of an alias.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE where there is none, as MLflow's own store.
        """
        self.client.get_registered_model(name)
        try:
            return entities.model_version(self.client.get_model_version_by_alias(name, alias))
        except NotFound as error:
            text = f"Registered model alias {alias} not found."
            raise MlflowException(text, error_code=INVALID_PARAMETER_VALUE) from error

    def list_webhooks_by_event(self, *_: Any, **__: Any) -> PagedList[Any]:
        """None: what happened is in `mlgit events`."""
        return paged([], None)

    def list_webhooks(self, *_: Any, **__: Any) -> PagedList[Any]:
        """None."""
        return paged([], None)
