"""Logged models of a store, as MLflow asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlgit import times
from mlgit.bridges.mlflow import entities
from mlgit.bridges.mlflow.base import Calls, paged
from mlgit.bridges.mlflow.model_search import ModelQuery, Seen
from mlgit.client.experiments import experiment_of
from mlgit.client.paging import checked_size, offset_of, page
from mlgit.entities.logged_model import logged_model
from mlgit.errors import Damaged, NotFound
from mlgit.records.fields import Edit
from mlgit.runs import staged_models
from mlgit.runs.experiments import require_active
from mlgit.runs.field_log import checked_params, checked_tags
from mlgit.runs.logged_models import ModelRequest, edit_model, find_model, new_model, read_model

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel, LoggedModelParameter, LoggedModelStatus, LoggedModelTag
    from mlflow.store.entities.paged_list import PagedList

    from mlgit.records.logged_model import LoggedModel as Record

_PAGE = 100
_DELETED = "deleted"


class LoggedModelCalls(Calls):
    """See MLflow's `AbstractStore`."""

    def create_logged_model(
        self,
        experiment_id: str = "0",
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Sequence[LoggedModelTag] | None = None,
        params: Sequence[LoggedModelParameter] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """A model that is PENDING, and not on the branch, until it is finalized."""
        request = ModelRequest(
            name=f"model-{times.random_bytes(4).hex()}" if name is None else name,
            model_type=model_type or "",
            source_run=source_run_id or "",
            params={one.key: one.value for one in params or ()},
            tags={one.key: one.value for one in tags or ()},
        )
        store = self.tracker.store
        experiment = require_active(experiment_of(store.snapshot(), str(experiment_id)))
        return self._shown(staged_models.begin(store, new_model(experiment, request, "PENDING")))

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus | str) -> LoggedModel:
        store, wanted = self.tracker.store, str(getattr(status, "value", status))
        pending = staged_models.staged(store, model_id)
        if pending is None:
            return self._edited(model_id, "end", lambda one, _: replace(one, status=wanted))
        experiment = experiment_of(store.snapshot(), pending.experiment_id)
        return self._shown(staged_models.finish(store, model_id, experiment, wanted))

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        return self._shown(self._record(model_id, allow_deleted=allow_deleted))

    def delete_logged_model(self, model_id: str) -> None:
        def delete(one: Record, stamp: Edit) -> Record:
            return replace(one, lifecycle=_DELETED, edits={**one.edits, "lifecycle": stamp})

        if self._record(model_id, allow_deleted=True).lifecycle != _DELETED:
            self._edited(model_id, "delete", delete)

    def set_logged_model_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        given = checked_tags({one.key: one.value for one in tags})

        def edit(one: Record, stamp: Edit) -> Record:
            edits = dict.fromkeys((f"tags.{key}" for key in given), stamp)
            return replace(one, tags={**one.tags, **given}, edits={**one.edits, **edits})

        self._edited(model_id, "tag", edit)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        def edit(one: Record, stamp: Edit) -> Record:
            if key not in one.tags:
                raise NotFound(f"logged model {one.id} has no tag {key!r}", key=key)
            tags = {name: value for name, value in one.tags.items() if name != key}
            gone = {f"tags.{key}": stamp._replace(deleted=True)}
            return replace(one, tags=tags, edits={**one.edits, **gone})

        self._edited(model_id, "remove a tag of", edit)

    def log_logged_model_params(
        self, model_id: str, params: Sequence[LoggedModelParameter]
    ) -> None:
        given = checked_params({one.key: one.value for one in params})
        self._edited(
            model_id, "describe", lambda one, _: replace(one, params={**one.params, **given})
        )

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Sequence[Mapping[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        start, size = offset_of(page_token or None), checked_size(max_results or _PAGE)
        query = ModelQuery.of(filter_string, datasets, order_by)
        wanted = {str(one) for one in experiment_ids}
        every = [Seen(one, self.tracker) for one in self._records() if one.experiment_id in wanted]
        found = page(query.answered(every)[start : start + size + 1], size, start)
        return paged((self._shown(one.record, one) for one in found), found.token)

    def _records(self) -> list[Record]:
        """Every model that is not deleted."""
        store = self.tracker.store
        snapshot = store.snapshot()
        found = staged_models.every_staged(store)
        for folder in snapshot.model_folders():
            with suppress(NotFound, Damaged):  # `mlgit check` names it
                found.append(read_model(snapshot, folder))
        return [one for one in found if one.lifecycle != _DELETED]

    def _record(self, model_id: str, *, allow_deleted: bool = False) -> Record:
        found = staged_models.staged(self.tracker.store, model_id)
        if found is None:
            snapshot = self.tracker.store.snapshot()
            found = read_model(snapshot, find_model(snapshot, model_id))
        if found.lifecycle == _DELETED and not allow_deleted:
            raise NotFound(f"logged model {model_id!r} is deleted", id=model_id)
        return found

    def _edited(
        self, model_id: str, what: str, edit: Callable[[Record, Edit], Record]
    ) -> LoggedModel:
        store = self.tracker.store
        if staged_models.staged(store, model_id) is None:
            return self._shown(edit_model(store, model_id, what, edit))
        stamp = Edit(times.now_ms(), store.writer)

        def unstamped(one: Record) -> Record:
            return replace(edit(one, stamp), edits=one.edits)  # nobody has seen it yet

        return self._shown(staged_models.change(store, model_id, unstamped))

    def _shown(self, record: Record, seen: Seen | None = None) -> LoggedModel:
        points = (seen or Seen(record, self.tracker)).points
        metrics = [entities.metric(one, record.source_run) for one in points]
        location = self.model_uri(record.id)
        return entities.logged_model(logged_model(record), location, metrics)
