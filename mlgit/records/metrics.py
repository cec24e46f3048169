"""Metric points and their CSV segments."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """One logged value; `timestamp` is milliseconds UTC, `step` may be negative."""

    step: int
    timestamp: int
    key: str
    value: float
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
