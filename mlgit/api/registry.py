"""The registry in few words: register what a run made, look for it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.api import context

if TYPE_CHECKING:
    from mlgit.entities.registry import ModelVersion, RegisteredModel


def register_model(
    model_uri: str,
    name: str,
    await_registration_for: int = 0,  # noqa: ARG001 - MLflow's third
    *,
    tags: Mapping[str, object] | None = None,
) -> ModelVersion:
    """Register what an address means as a new version of a model, made where there is none.

    Args:
        model_uri: `runs:/ID/path`, `models:/m-ID`, `models:/NAME/3` or a URL.
        name: The model.
        await_registration_for: Not needed: the version is there when this returns.
        tags: Tags of the version.

    Raises:
        NotFound, InvalidState: There is no such run, files, or logged model; it is deleted. A run
            that goes on has to end first: its files may still change.
        InvalidValue: The address, the name or a tag cannot be used.
    """
    from mlgit.git.identity import identity
    from mlgit.registered import model_version
    from mlgit.registry import versions
    from mlgit.registry.sight import sight
    from mlgit.registry.source import request_of

    store = context.tracker().store
    request = request_of(sight(store), model_uri)
    author = identity(store.home.config)[0]
    made = versions.register(
        store, name, request._replace(tags={**request.tags, **(tags or {})}, author=author)
    )
    return model_version(store, name, made.number)


def search_registered_models(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[RegisteredModel]:
    """The registered models that a filter such as `name LIKE 'churn%'` asks for, by name.

    Raises:
        InvalidValue: The filter or the order cannot be read.
    """
    from mlgit.client.paging import MOST

    client = context.client()
    return list(client.search_registered_models(filter_string, max_results or MOST, order_by))


def search_model_versions(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[ModelVersion]:
    """The versions that a filter such as `name = 'churn' AND tags.validated = 'yes'` asks for.

    Raises:
        InvalidValue: The filter or the order cannot be read.
    """
    from mlgit.client.paging import MOST

    client = context.client()
    return list(client.search_model_versions(filter_string, max_results or MOST, order_by))


def set_model_version_tag(name: str, version: str | int, key: str, value: object) -> None:
    """Set a tag of a version.

    Raises:
        NotFound, InvalidValue: There is no such version; the key or value cannot be used.
    """
    context.client().set_model_version_tag(name, version, key, value)
