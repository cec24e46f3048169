"""Logged models by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.client.base import Calls

if TYPE_CHECKING:
    from mlgit.entities.logged_model import LoggedModel


class ModelCalls(Calls):
    """What a client can do with logged models."""

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model of that id, or a unique beginning of it, such as `m-3f2a`.

        Raises:
            NotFound, Ambiguous: There is none; there are several.
        """
        from mlgit.entities.logged_model import logged_model
        from mlgit.runs.logged_models import find_model, read_model

        snapshot = self.tracker.store.snapshot()
        return logged_model(read_model(snapshot, find_model(snapshot, model_id)))
