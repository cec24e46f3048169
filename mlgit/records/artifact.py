"""The artifact manifest of a run: what `artifacts.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ArtifactEntry:
    """One artifact file of a run.

    Attributes:
        path: Its path below the run's artifacts, `/` between parts.
        size: Bytes.
        sha256: 64 hex digits of its content; empty for an external reference.
        inline: Path below the run's folder on the branch when the bytes are kept in git.
        uri: Where an external reference points; empty otherwise.
        extra: Keys that this version does not know.
    """

    path: str
    size: int
    sha256: str
    inline: str = ""
    uri: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
