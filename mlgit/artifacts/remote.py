"""The seam to places that keep artifact bytes: what any of them must be able to do."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol


class Remote(Protocol):
    """A place that keeps immutable objects named by the sha256 of their bytes."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def has(self, sha256: str) -> bool:
        """Whether an object of that name is there (its bytes are not read)."""

    def put(self, sha256: str, source: Path) -> None:
        """Keep the file `source`; when this returns, the object is whole and lasting.

        An object that is there already and whole is left alone, a damaged one is replaced.

        Raises:
            Damaged: `source` does not have that digest; nothing was kept.
            StorageFailed: The place refused.
        """

    def get(self, sha256: str, target: BinaryIO) -> None:
        """Write the object's bytes into the empty file `target`, verified.

        Raises:
            NotFound: There is no such object.
            Damaged: Its bytes do not have that digest; what is in `target` is worthless.
        """
