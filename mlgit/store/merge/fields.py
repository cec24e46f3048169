"""Records with marked fields (runs, experiments, logged and registered models), field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlgit.store.merge.values import ABSENT, Doc, contested, each, either, settled

Rule = Callable[[Any, Any, Any], Any]

#: Fields that are written together with one that carries the mark.
_COMPANIONS = {"lifecycle": ("deleted_at",), "status": ("end", "alive_until")}
_STATUS = ("SCHEDULED", "RUNNING", "KILLED", "FAILED", "FINISHED")


def merge_record(base: Doc, ours: Doc, theirs: Doc, rules: Mapping[str, Rule]) -> Doc:
    """One document of two that were changed apart; keys in the order of the alphabet.

    Args:
        base: What both came from; empty where there is nothing in common.
        ours: One side.
        theirs: The other.
        rules: Key to its rule for three values; `either` for those left out.
    """
    merged: Doc = {}
    for key in sorted({**ours, **theirs}):
        triple = tuple(doc.get(key, ABSENT) for doc in (base, ours, theirs))
        value = rules.get(key, either)(*triple)
        if value is not ABSENT:
            merged[key] = value
    _put_marked(merged, ours, theirs)
    return merged


def _put_marked(merged: Doc, ours: Doc, theirs: Doc) -> None:
    """Every marked field as the side has it whose mark is the higher one."""
    marks: Doc = {}
    for path in sorted({**ours.get("edits", {}), **theirs.get("edits", {})}):
        sides = [doc for doc in (ours, theirs) if path in doc.get("edits", {})]
        winner = max(sides, key=lambda doc: _rank(doc["edits"][path]))
        marks[path] = winner["edits"][path]
        for field in (path, *_COMPANIONS.get(path, ())):
            copy_field(winner, merged, field)
    merged.pop("edits", None)
    if marks:
        merged["edits"] = marks


def _rank(mark: Mapping[str, Any]) -> tuple[str, str, bool]:
    return str(mark["at"]), str(mark["by"]), bool(mark.get("deleted"))


def copy_field(source: Doc, target: Doc, path: str) -> None:
    """Bring one field to what `source` says of it: also that it is not there."""
    section, dot, key = path.partition(".")
    if not dot:
        _assign(target, section, source.get(section, ABSENT))
        return
    inner = dict(target.get(section, {}))
    _assign(inner, key, source.get(section, {}).get(key, ABSENT))
    _assign(target, section, inner or ABSENT)


def _assign(target: Doc, key: str, value: Any) -> None:
    if value is ABSENT:
        target.pop(key, None)
    else:
        target[key] = value


def highest(base: Any, ours: Any, theirs: Any) -> Any:
    """The later of two times (or the higher of two numbers); one is better than none."""
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    return max(one for one in (ours, theirs) if one is not ABSENT)


def further(base: Any, ours: Any, theirs: Any) -> Any:
    """The status that is further on in the life of a run."""
    value, agreed = settled(base, ours, theirs)
    if agreed:
        return value
    return max((one for one in (ours, theirs) if one in _STATUS), key=_STATUS.index)


RUN: Mapping[str, Rule] = {
    "status": further,
    "end": highest,
    "alive_until": highest,
    "deleted_at": highest,
    "code": each,
    "source": each,
    "params": each,
    "tags": each,
    "history": each,
}
EXPERIMENT: Mapping[str, Rule] = {"updated": highest, "tags": each}
LOGGED_MODEL: Mapping[str, Rule] = {"updated": highest, "tags": each, "params": each}
MODEL: Mapping[str, Rule] = {"updated": highest, "tags": each, "description": contested}
