"""What on the branch names a run, so that it must not go for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot

_MODELS = "registry/models"


def who_names(snapshot: Snapshot, run_id: str) -> list[str]:
    """The registered versions, with their aliases, and the logged models that came from a run.

    Deleted ones do not count, and what cannot be read is left to `check`.
    """
    return [*_versions(snapshot, run_id), *_logged_models(snapshot, run_id)]


def _versions(snapshot: Snapshot, run_id: str) -> Iterator[str]:
    for model in snapshot.names(_MODELS):
        folder = f"{_MODELS}/{model}"
        for name in snapshot.names(f"{folder}/versions"):
            version = _doc(snapshot, f"{folder}/versions/{name}")
            if version.get("status") != "DELETED" and _is_from(version, run_id):
                title = _doc(snapshot, f"{folder}/model.yaml").get("name", model)
                number = name.removesuffix(".yaml")
                aliases = ", ".join(_aliases(snapshot, folder, str(version.get("uid"))))
                yield f"version {number} of {title}" + (f" ({aliases})" if aliases else "")


def _is_from(version: dict[str, Any], run_id: str) -> bool:
    source = f"{version.get('source', '')}/"
    return version.get("run") == run_id or source.startswith(f"runs:/{run_id}/")


def _aliases(snapshot: Snapshot, folder: str, uid: str) -> Iterator[str]:
    """The aliases that point to a version, or may once a conflict is decided."""
    for name in snapshot.names(f"{folder}/aliases"):
        alias = _doc(snapshot, f"{folder}/aliases/{name}")
        targets = [alias, alias.get("base"), *(alias.get("sides") or ())]
        if any(isinstance(one, dict) and str(one.get("uid")) == uid for one in targets):
            yield str(alias.get("alias", name))


def _logged_models(snapshot: Snapshot, run_id: str) -> Iterator[str]:
    for folder in _model_folders(snapshot):
        model = _doc(snapshot, f"{folder}/{layout.LOGGED_MODEL}")
        if model.get("source_run") == run_id and model.get("lifecycle") != "deleted":
            yield f"logged model {model.get('name')} ({model.get('id')})"


def _model_folders(snapshot: Snapshot) -> Iterator[str]:
    folders = ["runs"]
    for _ in ("experiment", "day", "shard"):
        folders = [f"{folder}/{name}" for folder in folders for name in snapshot.names(folder)]
    for folder in folders:
        for name in snapshot.names(folder):
            if name[7:].startswith("m-"):
                yield f"{folder}/{name}"


def _doc(snapshot: Snapshot, path: str) -> dict[str, Any]:
    with suppress(Damaged):
        data = snapshot.read(path)
        return text.load(data) if data else {}
    return {}
