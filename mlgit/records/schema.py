"""stub"""

from __future__ import annotations

from mlgit import errors


def damage(kind: str, doc: object, error: Exception) -> errors.Damaged:
    """stub"""
    return errors.Damaged(f"not a {kind}: {error}", reason=str(error))
