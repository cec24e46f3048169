"""Versions, aliases, stages and deployments that both sides changed."""

from __future__ import annotations

from typing import Any

from mlgit.records import text
from mlgit.store.merge.fields import MODEL, Rule, highest, merge_record
from mlgit.store.merge.values import (
    ABSENT,
    Doc,
    docs_of,
    each,
    is_conflict,
    settled,
    undecided,
    unique,
)

_HEAD = ("format", "alias")  # what a file in conflict keeps beside its base and sides


def merge_model(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """`model.yaml`, field by field."""
    return text.dump(_in_order(merge_record(*docs_of(base, ours, theirs), MODEL), "name"))


def merge_version(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """One version's file, field by field; a deleted one stays deleted."""
    return text.dump(_in_order(merge_record(*docs_of(base, ours, theirs), _VERSION), "uid"))


def merge_pointer(base: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """An alias or a stage: where both sides moved it apart, all of that, for a person to decide."""
    before, *sides = docs_of(base, ours, theirs)
    was = _targets(before) if before else []
    targets = unique(undecided(was, *map(_targets, sides)))
    if len({target["uid"] for target in targets}) == 1 and _same_stage(targets):
        earliest = min(targets, key=_moment)
        return text.dump({**_head(sides), **earliest})
    doc = _head(sides)
    if before:
        doc["base"] = before["base"] if is_conflict(before) else _targets(before)[0]
    if doc.get("base", ABSENT) is ABSENT:
        doc.pop("base", None)
    return text.dump({**doc, "sides": sorted(targets, key=_moment)})


def merge_latest(_: bytes | None, ours: bytes, theirs: bytes) -> bytes:
    """A deployment or an approval: what was written later."""
    sides = sorted((ours, theirs))
    return max(sides, key=lambda data: _moment(text.load(data)))


def _in_order(doc: Doc, second: str) -> Doc:
    first = {key: doc[key] for key in ("format", second) if key in doc}
    return {**first, **doc}


def _head(sides: list[Doc]) -> Doc:
    return {key: sides[0][key] for key in _HEAD if key in sides[0]}


def _targets(doc: Doc) -> list[Doc]:
    if is_conflict(doc):
        return list(doc["sides"])
    return [{key: value for key, value in doc.items() if key not in _HEAD}]


def _same_stage(targets: list[Doc]) -> bool:
    return len({target.get("stage") for target in targets}) == 1


def _moment(doc: Doc) -> tuple[str, str, bytes]:
    return str(doc.get("at", "")), str(doc.get("by", "")), text.dump(doc)


def _status(base: Any, ours: Any, theirs: Any) -> Any:
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    return "DELETED" if "DELETED" in (ours, theirs) else max(ours, theirs)


_VERSION: dict[str, Rule] = {"status": _status, "tags": each, "format": highest}
