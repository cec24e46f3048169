"""One experiment as a value: what `experiment.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlgit.records.run import Edit


@dataclass(frozen=True)
class Experiment:
    """One experiment; times are milliseconds UTC.

    `folder` is its directory below `runs/` on the branch; it is where the file was found, not a
    key in it. `extra` keeps keys that this version does not know.
    """

    id: str
    name: str
    folder: str
    created: int
    updated: int
    lifecycle: str = "active"
    note: str = ""
    artifact_location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
