"""Registered models in MLflow's file store: `models/NAME/version-N/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mlgit.bridges.sources.mlflow_folder import Lose, meta_of, texts_of
from mlgit.bridges.sources.mlflow_values import registered_of, version_of, whole
from mlgit.bridges.sources.source import FoundRegistered, FoundVersion

_VERSION = re.compile(r"version-([0-9]+)").fullmatch


def registered_in(path: Path, lose: Lose) -> Iterator[FoundRegistered]:
    """The model of a folder; none where its `meta.yaml` is lost, which is said."""
    meta = meta_of(path, lose)
    if not meta:
        lose(f"registered model {path.name}", "its meta.yaml is lost")
        return
    meta["name"] = meta.get("name") or path.name
    texts = texts_of(path / "aliases", lose).items()
    aliases = {alias: whole(text.strip()) for alias, text in texts}
    yield FoundRegistered(
        registered_of(meta, texts_of(path / "tags", lose)),
        sorted(_versions(path, meta["name"], lose), key=lambda one: one.version.number),
        {alias: number for alias, number in aliases.items() if number},
    )


def _versions(path: Path, name: str, lose: Lose) -> Iterator[FoundVersion]:
    for folder in path.iterdir():
        number = _VERSION(folder.name)
        if not number or not folder.is_dir():
            continue
        meta = meta_of(folder, lose)
        if not meta:
            lose(f"{name}@{number[1]}", "its meta.yaml is lost")
            continue
        row = {**meta, "name": name}
        version = version_of(int(number[1]), row, texts_of(folder / "tags", lose))
        yield FoundVersion(version, str(meta.get("current_stage") or "None"))
