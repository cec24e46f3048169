"""Removing: a version goes with its aliases, a model with all of both, as in MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.registry import aliases, catalogue, models, versions

if TYPE_CHECKING:
    from mlgit.store.store import Store


def remove_version(store: Store, model: str, number: int) -> None:
    """Delete a version, its aliases first: none is left that leads nowhere.

    Raises:
        NotFound, InvalidState: There is no such version; a gate guards one of its aliases.
    """
    data = store.snapshot()
    found = catalogue.version(data, catalogue.model(data, model).folder, number)
    aliases.remove_all(store, model, uid=found.uid)
    versions.delete(store, model, number)


def remove_model(store: Store, model: str) -> None:
    """Delete a model with its versions, its aliases first.

    Raises:
        NotFound, InvalidState: There is no such model; a gate guards one of its aliases.
    """
    aliases.remove_all(store, model)
    models.delete(store, model)
