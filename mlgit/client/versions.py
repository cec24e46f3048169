"""Versions of registered models by name and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.client.base import Calls
from mlgit.client.paging import checked_size, offset_of, page
from mlgit.client.registry import number_of

if TYPE_CHECKING:
    from mlgit.entities.paged import PagedList
    from mlgit.entities.registry import ModelVersion


class VersionCalls(Calls):
    """What a client can do with versions of registered models."""

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, object] | None = None,
        *,
        description: str | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Register a version of a model that is there; nothing of its files is loaded.

        Args:
            name: The model.
            source: `runs:/ID/path`, `models:/m-ID`, `models:/NAME/3` or a URL.
            run_id: The run that made it, where `source` does not say it.
            tags: Tags of the version.
            description: What people read about it.
            model_id: The logged model that it is, where `source` does not say it.

        Raises:
            NotFound, InvalidState: There is no such model, run or logged model; it is deleted.
            InvalidValue: The source or a tag cannot be used.
        """
        from mlgit.git.identity import identity
        from mlgit.registry import versions
        from mlgit.registry.sight import sight
        from mlgit.registry.source import request_of

        store = self.tracker.store
        found = request_of(sight(store), source)
        made = versions.create(
            store,
            name,
            found._replace(
                run=found.run or run_id or "",
                logged_model=found.logged_model or model_id or "",
                tags={**found.tags, **(tags or {})},
                description=found.description if description is None else description,
                author=identity(store.home.config)[0],
            ),
        )
        return self.get_model_version(name, made.number)

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        """One version.

        Raises:
            NotFound, InvalidState: There is no such model or version; it is deleted.
        """
        from mlgit.registered import model_version

        return model_version(self.tracker.store, name, number_of(version))

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points to; `latest` is the one of the highest number.

        Raises:
            NotFound: There is no such model or alias.
            InvalidValue: The alias is empty.
        """
        from mlgit.errors import InvalidValue
        from mlgit.records.model_name import LATEST
        from mlgit.registry.address import Address
        from mlgit.registry.find import find
        from mlgit.registry.sight import sight

        if not alias:
            raise InvalidValue("an alias has a name", f"mlgit models {name}")
        meant = "" if alias.lower() == LATEST else alias
        found = find(sight(self.tracker.store), Address(name, alias=meant))
        return self.get_model_version(name, found.version.number)

    def update_model_version(
        self, name: str, version: str | int, description: str | None = None
    ) -> ModelVersion:
        """Set what people read about a version.

        Raises:
            NotFound, InvalidState: There is no such model or version; it is deleted.
        """
        from mlgit.registry import versions

        if description is not None:
            versions.annotate(self.tracker.store, name, number_of(version), description)
        return self.get_model_version(name, version)

    def delete_model_version(self, name: str, version: str | int) -> None:
        """Delete a version with its aliases; its number is never used again.

        Raises:
            NotFound, InvalidState: There is no such version; a gate guards one of its aliases.
        """
        from mlgit.registry.removal import remove_version

        remove_version(self.tracker.store, name, number_of(version))

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """One page of the versions that a filter asks for, the last changed first.

        Fields: `name`, `version_number`, `run_id`, `source_path`, `tags.KEY` and others.

        Raises:
            InvalidValue: The filter, the order, the page or its size cannot be read.
        """
        from functools import partial

        from mlgit.registered import every_version, version_values
        from mlgit.search.fields import VERSIONS
        from mlgit.search.match import holds
        from mlgit.search.order import arrange, parse_order
        from mlgit.search.query import parse

        start, size = offset_of(page_token), checked_size(max_results)
        wanted = parse(filter_string or "", VERSIONS)
        order = parse_order([*(order_by or ())], VERSIONS)
        found = [
            one
            for one in every_version(self.tracker.store)
            if holds(wanted, partial(version_values, one))
        ]
        found.sort(key=lambda one: (one.name, -int(one.version)))
        if not order:
            found.sort(key=lambda one: -one.last_updated_timestamp)
        found = arrange(found, order, lambda one: partial(version_values, one))
        return page(found[start : start + size + 1], size, start)

    def set_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str = "",
        value: object = "",
        stage: str | None = None,
    ) -> None:
        """Set a tag of a version, or of the newest in a stage.

        Raises:
            NotFound, InvalidValue: There is no such version; the key or value cannot be used.
        """
        from mlgit.registry import versions

        number = self._meant(name, version, stage)
        versions.set_tag(self.tracker.store, name, number, key, value)

    def delete_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str = "",
        stage: str | None = None,
    ) -> None:
        """Take a tag of a version, or of the newest in a stage, away.

        Raises:
            NotFound: There is no such version.
        """
        from mlgit.registry import versions

        versions.delete_tag(self.tracker.store, name, self._meant(name, version, stage), key)

    def transition_model_version_stage(
        self,
        name: str,
        version: str | int,
        stage: str,
        archive_existing_versions: bool = False,
    ) -> ModelVersion:
        """Put a version in a stage.

        Raises:
            NotFound, InvalidValue: There is no such version; that is no stage.
            InvalidState: A gate guards it, or the registry is protected: `mlgit promote`.
        """
        from mlgit.registry import stages

        stages.transition(
            self.tracker.store,
            name,
            number_of(version),
            stage,
            archive_existing=archive_existing_versions,
        )
        return self.get_model_version(name, version)

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Register a version again under another model, which is made where there is none.

        Raises:
            NotFound, InvalidValue: That is no version.
        """
        from mlgit.registry import versions
        from mlgit.registry.address import parse
        from mlgit.registry.find import find
        from mlgit.registry.sight import sight

        found = find(sight(self.tracker.store), parse(src_model_uri), strict=True)
        request = versions.copied(found.model, found.version)
        made = versions.register(self.tracker.store, dst_name, request)
        return self.get_model_version(dst_name, made.number)

    def get_model_version_stages(self, name: str, version: str | int) -> list[str]:
        """The stages that a version can be in.

        Raises:
            NotFound: There is no such version.
        """
        from mlgit.records.pointer import STAGES

        self.get_model_version(name, version)
        return list(STAGES)

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """Where the files of a version are: `download_artifacts` takes it anywhere.

        Raises:
            NotFound: There is no such version.
        """
        return self.get_model_version(name, version).source

    def _meant(self, name: str, version: str | int | None, stage: str | None) -> int:
        from mlgit.errors import InvalidValue
        from mlgit.records.model_name import stage_of
        from mlgit.registry.address import Address
        from mlgit.registry.find import find
        from mlgit.registry.sight import sight

        if (version is None) == (stage is None):
            raise InvalidValue("say either a version or a stage")
        if version is not None:
            return number_of(version)
        address = Address(name, stage=stage_of(stage))
        return find(sight(self.tracker.store), address).version.number
