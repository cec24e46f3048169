"""What is registered, read from a snapshot: models, versions, aliases, stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Ambiguous, Damaged, InvalidState, InvalidValue, MlgitError, NotFound
from mlgit.records import layout
from mlgit.records.model_version import DELETED, ModelVersion, load_model_version
from mlgit.records.pointer import Alias, Stage, load_alias, load_stage
from mlgit.records.policy import Policy, load_policy
from mlgit.records.registered_model import RegisteredModel, load_registered_model
from mlgit.store.snapshot import Damage, parsed

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot

MODELS = "registry/models"
T = TypeVar("T")


def models(data: Snapshot) -> tuple[list[RegisteredModel], list[Damage]]:
    """Every model, also deleted ones, by name; and the files that are not one."""
    found: list[RegisteredModel] = []
    damaged: list[Damage] = []
    for folder in data.names(MODELS):
        path = layout.model_path(folder)
        if layout.parse_path(path) is None:
            continue
        try:
            model = _read(data, path, partial(load_registered_model, folder=folder))
        except MlgitError as error:
            damaged.append(Damage(path, error.message))
            continue
        if model is not None:
            found.append(model)
    return sorted(found, key=lambda one: (one.name, one.folder)), damaged


def named(data: Snapshot, name: str) -> RegisteredModel | None:
    """The live model of that name, else the deleted one that was changed last, else None.

    Raises:
        Ambiguous: Two live ones have it, as after a merge.
        Damaged: The model of that name cannot be read.
    """
    found = [one for one in models(data)[0] if one.name == name]
    live = [one for one in found if one.lifecycle == "active"]
    if len(live) > 1:
        folders = [one.folder for one in live]
        raise Ambiguous(
            f"{len(live)} models are called {name!r}, in {' and '.join(folders)}",
            "rename one of them",
            candidates=folders,
        )
    return max(live or found, key=lambda one: one.updated, default=None)


def model(data: Snapshot, name: str) -> RegisteredModel:
    """The live model of that name.

    Raises:
        InvalidValue: The name is empty.
        NotFound: There is none; fact `candidates` has the names there are.
        InvalidState: It was deleted.
        Ambiguous: Two have the name.
    """
    if not name:
        raise InvalidValue("a registered model needs a name", "mlgit models")
    found = named(data, name)
    if found is None:
        there = [one.name for one in models(data)[0] if one.lifecycle == "active"]
        raise NotFound(
            f"there is no registered model {name!r}", "mlgit models", name=name, candidates=there
        )
    if found.lifecycle != "active":
        raise InvalidState(
            f"the registered model {name!r} is deleted",
            f"mlgit register RUN {name} begins it anew",
            name=name,
        )
    return found


def versions(data: Snapshot, folder: str) -> list[ModelVersion]:
    """Every version of a model by number, also deleted ones; `check` names the unreadable."""
    below = f"{MODELS}/{folder}/versions"
    found: list[ModelVersion] = []
    for number in _numbers(data, below):
        with suppress(Damaged):
            one = _version(data, folder, number)
            if one is not None:
                found.append(one)
    return found


def version(data: Snapshot, folder: str, number: int) -> ModelVersion:
    """One version that is not deleted.

    Raises:
        NotFound: There is none of that number, or it was deleted.
        Damaged: It cannot be read.
    """
    found = _version(data, folder, number)
    if found is None or found.status == DELETED:
        there = [one.number for one in versions(data, folder) if one.status != DELETED]
        gone = "was deleted" if found else "is not there"
        raise NotFound(
            f"version {number} of {folder} {gone}", f"mlgit models {folder}", candidates=there
        )
    return found


def taken_numbers(data: Snapshot, folder: str) -> list[int]:
    """The numbers that versions have or had, sorted; also those of files that cannot be read."""
    return _numbers(data, f"{MODELS}/{folder}/versions")


def aliases(guarded: Snapshot, folder: str) -> list[Alias]:
    """Every alias of a model by name; those that a race made and nobody decided are left out."""
    found: list[Alias] = []
    for name in guarded.names(f"{MODELS}/{folder}/aliases"):
        path = f"{MODELS}/{folder}/aliases/{name}"
        if layout.parse_path(path) is not None:
            with suppress(Damaged):
                one = _read(guarded, path, load_alias)
                found += [] if one is None else [one]
    return sorted(found, key=lambda one: one.alias)


def alias(guarded: Snapshot, folder: str, name: str) -> Alias | None:
    """One alias; None where there is none, or a race made it and nobody has decided.

    Raises:
        Damaged: It cannot be read.
    """
    return _read(guarded, layout.alias_path(folder, layout.folder_name(name)), load_alias)


def stages(guarded: Snapshot, folder: str) -> dict[str, Stage]:
    """The stage of every version that was ever put in one, by the uid of the version."""
    found: dict[str, Stage] = {}
    for number in _numbers(guarded, f"{MODELS}/{folder}/stages"):
        with suppress(Damaged):
            one = _read(guarded, layout.stage_path(folder, number), load_stage)
            if one is not None and (one.uid not in found or found[one.uid].at < one.at):
                found[one.uid] = one
    return found


def policy(guarded: Snapshot) -> Policy:
    """The gates of promotion; none where there is no policy.

    Raises:
        Damaged, Unsupported: It cannot be read: nothing may pass then.
    """
    return _read(guarded, layout.POLICY, load_policy) or Policy()


def _version(data: Snapshot, folder: str, number: int) -> ModelVersion | None:
    path = layout.version_path(folder, number)
    return _read(data, path, partial(load_model_version, number=number))


def _numbers(snapshot: Snapshot, folder: str) -> list[int]:
    return sorted(_numbered(snapshot, folder))


def _numbered(snapshot: Snapshot, folder: str) -> Iterator[int]:
    for name in snapshot.names(folder):
        located = layout.parse_path(f"{folder}/{name}")
        if located is not None and located.number:
            yield located.number


def _read(snapshot: Snapshot, path: str, load: Callable[[bytes], T]) -> T | None:
    data = snapshot.read(path)
    return None if data is None else parsed(path, data, load)
