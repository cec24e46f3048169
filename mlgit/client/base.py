"""What every part of the client stands on."""

from __future__ import annotations

from pathlib import Path

from mlgit import tracker, where


class Calls:
    """Calls on one store."""

    def __init__(self, tracking_uri: str | Path | None = None) -> None:
        place = where.parse_uri(tracking_uri) if tracking_uri is not None else None
        self.tracker = tracker.of(place)

    @property
    def tracking_uri(self) -> str:
        """The store's address."""
        return where.as_uri(self.tracker.place)
