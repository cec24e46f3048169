"""What changed a model, a version or an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import NotFound
from mlgit.records import layout
from mlgit.registry import aliases, catalogue, stages
from mlgit.registry.find import find
from mlgit.registry.history import steps
from mlgit.registry.sight import sight

if TYPE_CHECKING:
    from mlgit.registry.address import Address
    from mlgit.registry.history import Step
    from mlgit.registry.sight import Sight
    from mlgit.store.store import Store


def steps_of(store: Store, meant: Address) -> list[Step]:
    """What changed it, newest first; of an alias that is gone, what is left of its history.

    Raises:
        NotFound: There is no such model, version or alias, and never was.
    """
    seen = sight(store)
    guarded, data = _paths(seen, meant)
    found = [
        *steps(seen.guarded.objects, seen.guarded.commit, guarded),
        *steps(seen.data.objects, seen.data.commit, data),
    ]
    if not found:
        raise NotFound(f"{meant} has no history here", f"mlgit models {meant.model}")
    return sorted(found, key=lambda one: one.at, reverse=True)


def _paths(seen: Sight, meant: Address) -> tuple[list[str], list[str]]:
    """The files on the guarded branch, and those on the data branch."""
    model = catalogue.model(seen.data, meant.model)
    if meant.alias:
        return [aliases.path_of(model, meant.alias)], []
    if meant.version or meant.stage:
        version = find(seen, meant).version
        return [stages.path_of(model, version)], [layout.version_path(model.folder, version.number)]
    return [], [layout.model_path(model.folder)]
