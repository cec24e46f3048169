"""What on the branch names a run, so that it must not go for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot

_MODELS = "registry/models"

Sources = Mapping[str, list[str]]
"""Id of a run -> the registered versions, with their aliases, and logged models from it."""


def sources(snapshot: Snapshot) -> Sources:
    """What came from which run; one walk over all names of the branch.

    Deleted ones do not count, and what cannot be read is left to `check`.
    """
    found: dict[str, list[str]] = {}
    for run_id, what in (*_versions(snapshot), *_logged_models(snapshot)):
        found.setdefault(run_id, []).append(what)
    return found


def who_names(snapshot: Snapshot, run_id: str) -> list[str]:
    """What came from one run."""
    return sources(snapshot).get(run_id, [])


def _versions(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for model in snapshot.names(_MODELS):
        folder = f"{_MODELS}/{model}"
        for name in snapshot.names(f"{folder}/versions"):
            version = _doc(snapshot, f"{folder}/versions/{name}")
            run_ids = {str(version.get("run", "")), _of_source(str(version.get("source", "")))}
            if version.get("status") != "DELETED" and run_ids != {""}:
                title = _doc(snapshot, f"{folder}/model.yaml").get("name", model)
                aliases = ", ".join(_aliases(snapshot, folder, str(version.get("uid"))))
                what = f"version {name.removesuffix('.yaml')} of {title}"
                what += f" ({aliases})" if aliases else ""
                yield from ((run_id, what) for run_id in sorted(run_ids - {""}))


def _of_source(source: str) -> str:
    """The run of `runs:/ID/path`; empty for any other source."""
    head, _, rest = source.partition(":/")
    return rest.lstrip("/").partition("/")[0] if head == "runs" else ""


def _aliases(snapshot: Snapshot, folder: str, uid: str) -> Iterator[str]:
    """The aliases that point to a version, or may once a conflict is decided."""
    for name in snapshot.names(f"{folder}/aliases"):
        alias = _doc(snapshot, f"{folder}/aliases/{name}")
        targets = [alias, alias.get("base"), *(alias.get("sides") or ())]
        if any(isinstance(one, dict) and str(one.get("uid")) == uid for one in targets):
            yield str(alias.get("alias", name))


def _logged_models(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for folder in snapshot.model_folders():
        model = _doc(snapshot, f"{folder}/{layout.LOGGED_MODEL}")
        if model.get("source_run") and model.get("lifecycle") != "deleted":
            yield str(model["source_run"]), f"logged model {model.get('name')} ({model.get('id')})"


def _doc(snapshot: Snapshot, path: str) -> dict[str, Any]:
    with suppress(Damaged):
        data = snapshot.read(path)
        return text.load(data) if data else {}
    return {}
