"""Rows of MLflow's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5
from math import isnan
from sys import float_info
from typing import TYPE_CHECKING, Any

from mlgit.bridges.exporting.mlflow_values import MODEL_STATUS

if TYPE_CHECKING:
    from mlgit.records.logged_model import LoggedModel
    from mlgit.records.metrics import Point

Row = dict[str, Any]
_MOST = float_info.max  # what MLflow's own store keeps of an infinity
_VERSION = (
    *("name", "version", "description", "user_id", "current_stage", "source", "run_id"),
    *("status", "storage_location"),
)


def texts_of(texts: Mapping[str, str], **owner: object) -> Iterator[Row]:
    """Tags or params of one owner."""
    return ({"key": key, "value": text, **owner} for key, text in texts.items())


def run_of(row: Row, home: int) -> Row:
    """A row of `runs`."""
    status = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")[row["status"] - 1]
    names = ("user_id", "start_time", "end_time", "lifecycle_stage", "artifact_uri")
    found = {name: row[name] for name in names}
    found |= {"run_uuid": row["run_id"], "name": row["run_name"], "status": status}
    found |= {"experiment_id": home, "source_type": "UNKNOWN", "source_name": ""}
    return {**found, "deleted_time": row.get("deleted_time"), "entry_point_name": ""}


def value_of(point: Point) -> Row:
    """A value as the table can hold it: a NaN beside the numbers, an infinity as the largest."""
    nan = isnan(point.value)
    return {"value": 0.0 if nan else min(max(point.value, -_MOST), _MOST), "is_nan": nan}


def metric_of(point: Point, run_id: str) -> Row:
    """A row of `metrics`."""
    place = {"key": point.key, "timestamp": point.timestamp, "step": point.step}
    return {**place, "run_uuid": run_id, **value_of(point)}


def latest_of(points: Sequence[Point], run_id: str) -> Iterator[Row]:
    """By (step, time, value), a NaN as 0, as MLflow finds them."""
    found: dict[str, Row] = {}
    for row in (metric_of(point, run_id) for point in points):
        known = found.get(row["key"])
        if known is None or _rank(row) > _rank(known):
            found[row["key"]] = row
    yield from found.values()


def _rank(row: Row) -> tuple[int, int, float]:
    return row["step"], row["timestamp"], row["value"]


def model_metric_of(point: Point, run_id: str, home: int) -> Row:
    """A row of `logged_model_metrics`."""
    return {
        "model_id": point.model_id,
        "metric_name": point.key,
        "metric_timestamp_ms": point.timestamp,
        "metric_step": point.step,
        "metric_value": value_of(point)["value"],
        "experiment_id": home,
        "run_id": run_id,
        "dataset_name": point.dataset_name or None,
        "dataset_digest": point.dataset_digest or None,
    }


def input_of(use: str, source: tuple[str, str], into: tuple[str, str]) -> Row:
    """A row of `inputs`: what went into or came out of a run."""
    found = {"input_uuid": use, "source_type": source[0], "source_id": source[1]}
    return {**found, "destination_type": into[0], "destination_id": into[1]}


def version_of(row: Row) -> Row:
    """A row of `model_versions`."""
    found = {
        "creation_time": row["creation_timestamp"],
        "storage_location": row["storage_location"],
    }
    names = (
        "name",
        "version",
        "description",
        "user_id",
        "current_stage",
        "source",
        "run_id",
        "status",
    )
    found |= {name: row[name] for name in names}
    return {**found, "last_updated_time": row["last_updated_timestamp"]}


def id_of(*parts: str) -> str:
    """An id drawn from what it is of, so that writing it again is harmless."""
    return md5("\0".join(parts).encode(), usedforsecurity=False).hexdigest()


def model_of(model: LoggedModel, home: int, folder: str) -> Row:
    """A row of `logged_models`."""
    return {
        "model_id": model.id,
        "experiment_id": home,
        "name": model.name,
        "artifact_location": folder,
        "creation_timestamp_ms": model.created,
        "last_updated_timestamp_ms": model.updated,
        "status": MODEL_STATUS[model.status],
        "lifecycle_stage": model.lifecycle,
        "model_type": model.model_type or None,
        "source_run_id": model.source_run or None,
        "status_message": model.status_message or None,
    }


def model_texts_of(model: LoggedModel, home: int, kind: str) -> Iterator[Row]:
    """Rows of `logged_model_params` or `logged_model_tags`."""
    texts = model.params if kind == "param" else model.tags
    for key, text in texts.items():
        owner = {"model_id": model.id, "experiment_id": home}
        yield {**owner, f"{kind}_key": key, f"{kind}_value": text}
