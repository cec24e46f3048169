"""Deciding a value in conflict."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from mlgit.errors import InvalidState, InvalidValue
from mlgit.records import layout
from mlgit.records.hand_written import rewritten
from mlgit.records.schema import validate_file
from mlgit.records.schema_table import KINDS
from mlgit.store.contested import contested_in

if TYPE_CHECKING:
    from mlgit.store.change import Change
    from mlgit.store.contested import Contested
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_SUBJECTS = {"run": "run", "artifacts": "run", "settings": "settings", "policy": "policy"}


def resolve(store: Store, one: Contested, value: Any) -> None:
    """Put a value in the place of one in conflict, as a commit.

    Args:
        store: Where.
        one: What was in conflict.
        value: One of its sides, its base, or another.

    Raises:
        InvalidState: It is not in conflict any more.
        InvalidValue: The value cannot stand there.
    """
    located = layout.parse_path(one.path)
    kind = located.kind if located else ""
    shown = ".".join(one.keys) or one.path
    trailers = _trailers(store.snapshot(), one)
    about = f" ({next(iter(trailers.values()))})" if trailers else ""
    store.apply(
        lambda change: _decide(change, one, value, kind),
        f"{_SUBJECTS.get(kind, kind)}: resolve {shown}{about}",
        trailers,
    )


def _decide(change: Change, one: Contested, value: Any, kind: str) -> None:
    if one not in contested_in(change.snapshot, one.path):
        raise InvalidState(f"{one.path} has changed meanwhile", "mlgit conflicts", path=one.path)
    data = rewritten(change.snapshot.read(one.path) or b"", lambda doc: _put(doc, one, value))
    wrong = validate_file(kind, data) if kind in KINDS else []
    if wrong:
        raise InvalidValue(f"{value!r:.100} cannot stand there: {wrong[0]}", path=one.path)
    change.put(one.path, data)
    if kind == "artifacts":
        _drop_bytes(change, one, value)


def _put(doc: MutableMapping[str, Any], one: Contested, value: Any) -> None:
    if not one.keys:  # an alias or a stage, which is in conflict as a whole
        for key in ("base", "sides"):
            doc.pop(key, None)
        doc.update(value)
    elif one.path.endswith(f"/{layout.ARTIFACTS}"):
        kept = [entry for entry in doc["artifacts"] if entry == value or entry not in one.sides]
        doc["artifacts"] = kept
    else:
        for key in one.keys[:-1]:
            doc = doc[key]
        doc[one.keys[-1]] = value


def _drop_bytes(change: Change, one: Contested, value: Any) -> None:
    """Take away bytes kept in git that no entry names any more."""
    folder = one.path.rpartition("/")[0]
    manifest = change.snapshot.manifest(folder)
    dropped = [entry for entry in one.sides if entry != value]
    kept = {
        entry.inline
        for entry in manifest
        if (entry.path, entry.sha256) not in {(d["path"], d.get("sha256")) for d in dropped}
    }
    for entry in dropped:
        if entry.get("inline") and entry["inline"] not in kept:
            change.remove(f"{folder}/{entry['inline']}")


def _trailers(snapshot: Snapshot, one: Contested) -> dict[str, str]:
    located = layout.parse_path(one.path)
    if located is None:
        return {}
    if located.model:
        return {"Mlgit-Model": located.model}
    return (
        {"Mlgit-Run": snapshot.run(located.folder).id}
        if located.kind in ("run", "artifacts")
        else {}
    )
