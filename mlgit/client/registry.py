"""Registered models by name, and their aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.client.base import Calls
from mlgit.client.paging import checked_size, offset_of, page

if TYPE_CHECKING:
    from mlgit.entities.paged import PagedList
    from mlgit.entities.registry import ModelVersion, RegisteredModel


class RegistryCalls(Calls):
    """What a client can do with registered models."""

    def create_registered_model(
        self,
        name: str,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
    ) -> RegisteredModel:
        """Register a model that has no version yet.

        Raises:
            AlreadyExists: There is one of that name.
            InvalidValue: The name or a tag cannot be used.
        """
        from mlgit.registry import models

        models.create(self.tracker.store, name, description=description or "", tags=tags)
        return self.get_registered_model(name)

    def get_registered_model(self, name: str) -> RegisteredModel:
        """A registered model.

        Raises:
            NotFound, InvalidState: There is none of that name; it is deleted.
        """
        from mlgit.registered import registered_model
        from mlgit.registry import catalogue
        from mlgit.registry.sight import sight

        seen = sight(self.tracker.store)
        return registered_model(self.tracker.store, catalogue.model(seen.data, name), seen)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give a model another name; versions and aliases stay.

        Raises:
            NotFound, AlreadyExists, InvalidValue: There is none; another has it; it cannot be one.
        """
        from mlgit.registry import models

        models.rename(self.tracker.store, name, new_name)
        return self.get_registered_model(new_name)

    def update_registered_model(self, name: str, description: str | None = None) -> RegisteredModel:
        """Set what people read about a model.

        Raises:
            NotFound, InvalidState: There is none of that name; it is deleted.
        """
        from mlgit.registry import models

        if description is not None:
            models.describe(self.tracker.store, name, description)
        return self.get_registered_model(name)

    def delete_registered_model(self, name: str) -> None:
        """Delete a model with its versions and aliases; numbers are never used again.

        Raises:
            NotFound, InvalidState: There is none of that name; a gate guards one of its aliases.
        """
        from mlgit.registry.removal import remove_model

        remove_model(self.tracker.store, name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """One page of the models that a filter on names and tags asks for, by name.

        Raises:
            InvalidValue: The filter, the order, the page or its size cannot be read.
        """
        from functools import partial

        from mlgit.registered import model_values, registered_models
        from mlgit.search.fields import MODELS
        from mlgit.search.match import holds
        from mlgit.search.order import arrange, parse_order
        from mlgit.search.query import parse

        start, size = offset_of(page_token), checked_size(max_results)
        wanted, order = parse(filter_string or "", MODELS), parse_order([*(order_by or ())], MODELS)
        found = [
            one
            for one in registered_models(self.tracker.store)
            if holds(wanted, partial(model_values, one))
        ]
        found = arrange(found, order, lambda one: partial(model_values, one))
        return page(found[start : start + size + 1], size, start)

    def get_latest_versions(
        self, name: str, stages: Sequence[str] | None = None
    ) -> list[ModelVersion]:
        """The newest version in each of the stages; in all of them where none is named.

        Raises:
            NotFound, InvalidState: There is none of that name; it is deleted.
            InvalidValue: That is no stage.
        """
        from mlgit.records.model_name import stage_of

        wanted = {stage_of(one) for one in stages or ()}
        found = self.get_registered_model(name).latest_versions
        return [one for one in found if not wanted or one.current_stage in wanted]

    def set_registered_model_tag(self, name: str, key: str, value: object) -> None:
        """Set a tag of a model."""
        from mlgit.registry import models

        models.set_tag(self.tracker.store, name, key, value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Take a tag of a model away."""
        from mlgit.registry import models

        models.delete_tag(self.tracker.store, name, key)

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        """Give an alias to a version.

        Raises:
            NotFound, InvalidValue: There is no such version; it cannot be an alias.
            InvalidState: A gate guards it, or the registry is protected: `mlgit promote`.
        """
        from mlgit.registry import aliases

        aliases.set_alias(self.tracker.store, name, alias, number_of(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Take an alias away; nothing happens where the model has none of that name.

        Raises:
            NotFound: There is no such model.
            InvalidState: A gate guards it, or the registry is protected.
        """
        from mlgit.registry import aliases

        if alias in self.get_registered_model(name).aliases:
            aliases.delete_alias(self.tracker.store, name, alias)


def number_of(version: str | int) -> int:
    """A version's number from 1.

    Raises:
        InvalidValue: It is none.
    """
    from mlgit.errors import InvalidValue

    text = str(version)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise InvalidValue(f"a version is a number from 1, not {version!r:.60}")
    return int(text)
