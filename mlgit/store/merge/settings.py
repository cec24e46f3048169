"""The team's settings and the gates of promotion: never the last writer's word."""

from __future__ import annotations

from typing import Any

from mlgit.records import text
from mlgit.store.merge.fields import highest
from mlgit.store.merge.values import ABSENT, Doc, contested, docs_of, is_conflict, settled

_SETTINGS = 2  # `limits.patch`, `remotes.main`: what may be in conflict as a whole
_GATES = 4  # `models.churn.aliases.production`


def merge_settings(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """`mlgit.yaml`: a setting that both sides changed is in conflict until a person decides."""
    return _merged(base, ours, theirs, _SETTINGS)


def merge_policy(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """`registry/policy.yaml`: a gate that both sides changed is in conflict, and lets none pass."""
    return _merged(base, ours, theirs, _GATES)


def _merged(base: bytes | None, ours: bytes, theirs: bytes, depth: int) -> bytes:
    merged: Doc = _nested(*docs_of(base, ours, theirs), depth)
    first = {"format": merged["format"]} if "format" in merged else {}
    return text.dump({**first, **merged})


def _nested(base: Any, ours: Any, theirs: Any, depth: int) -> Any:
    """Mappings key by key down to a depth, where a value is taken as a whole."""
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    if not depth or not (_is_open(ours) and _is_open(theirs)):
        return contested(base, ours, theirs)
    before = base if _is_open(base) else {}
    found: Doc = {}
    for key in sorted({**ours, **theirs}):
        was, one, other = (doc.get(key, ABSENT) for doc in (before, ours, theirs))
        merged = (
            highest(was, one, other) if key == "format" else _nested(was, one, other, depth - 1)
        )
        if merged is not ABSENT:
            found[key] = merged
    return found


def _is_open(value: Any) -> bool:
    return isinstance(value, dict) and not is_conflict(value)
