"""Warnings that point at the user's own line."""

from __future__ import annotations

import sys
import warnings
from types import FrameType


def warn(message: str) -> None:
    """Issue a UserWarning as if by the nearest caller outside of mlgit."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # as `warnings` itself does
    level = 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "mlgit":
        frame = frame.f_back
        level += 1
    warnings.warn(message, stacklevel=level)
