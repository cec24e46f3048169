"""Datasets and models of a run in MLflow's file store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlgit.bridges.sources.mlflow_folder import Lose, meta_of
from mlgit.bridges.sources.mlflow_values import whole
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink


def inputs_of(run: Path, datasets: Path, lose: Lose) -> Inputs:
    """What a run used and made."""
    used: list[DatasetInput] = []
    links: list[ModelLink] = []
    for meta in _metas(run / "inputs", lose):
        source = str(meta.get("source_id") or "")
        if meta.get("source_type") == "MODEL":
            links.append(ModelLink(source, "in"))
            continue
        found = meta_of(datasets / source, lose) if _plain(source) else {}
        if found:
            used.append(dataset_of(found, meta.get("tags") or {}))
        else:
            lose(f"run {run.name}", f"its dataset {source} is lost")
    links += [
        ModelLink(str(meta.get("destination_id")), "out", whole(meta.get("step")) or 0)
        for meta in _metas(run / "outputs", lose)
    ]
    return Inputs(tuple(used), tuple(links))


def dataset_of(row: dict[str, Any], tags: dict[str, Any]) -> DatasetInput:
    """A dataset as a run used it."""
    return DatasetInput(
        str(row.get("name") or ""),
        str(row.get("digest") or ""),
        str(row.get("source_type") or ""),
        str(row.get("source") or ""),
        str(row.get("schema") or ""),
        str(row.get("profile") or ""),
        {str(key): str(value) for key, value in tags.items()},
    )


def _metas(folder: Path, lose: Lose) -> Iterator[dict[str, Any]]:
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    yield from filter(None, (meta_of(path, lose) for path in paths))


def _plain(name: str) -> bool:
    """Whether a name leads nowhere else."""
    return bool(name) and "/" not in name and "\\" not in name and name not in (".", "..")
