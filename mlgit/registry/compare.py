"""Two versions of a model beside each other: what a reviewer asks before one takes over."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.registry.gate.facts import Facts, facts_of

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.model_version import ModelVersion
    from mlgit.store.snapshot import Snapshot

SECTIONS = ("metrics", "params", "tags", "data", "code", "signature", "artifacts")
Value = str | float | None
Values = Mapping[str, str] | Mapping[str, float]


class Row(NamedTuple):
    """One fact of both versions; None where a version lacks it."""

    section: str
    key: str
    before: Value
    after: Value

    @property
    def differs(self) -> bool:
        """Whether they have not the same value; NaN equals NaN."""
        return repr(self.before) != repr(self.after)

    @property
    def delta(self) -> str:
        """How far a metric moved: `+0.012 (+1.3%)`; "" where that has no meaning."""
        if not isinstance(self.before, float) or not isinstance(self.after, float):
            return ""
        moved = self.after - self.before
        if not math.isfinite(moved) or moved == 0:
            return ""
        share = f" ({moved / abs(self.before) * 100:+.1f}%)" if self.before else ""
        return f"{moved:+.6g}{share}"


class Comparison(NamedTuple):
    """What differs, and what does not, between the version in place and a candidate.

    Attributes:
        before: The version in place; None where there is none.
        after: The candidate.
        rows: Every fact, by section in the order of `SECTIONS`.
        files: How many artifacts the candidate has.
        size: Their bytes.
        run: The name of the run that made the candidate, or "".
    """

    before: ModelVersion | None
    after: ModelVersion
    rows: tuple[Row, ...]
    files: int = 0
    size: int = 0
    run: str = ""

    def section(self, name: str) -> list[Row]:
        """The facts of one section."""
        return [row for row in self.rows if row.section == name]

    def changed(self, name: str) -> list[Row]:
        """Those that differ."""
        return [row for row in self.section(name) if row.differs]


def compare(data: Snapshot, folder: str, before: str, after: str) -> Comparison:
    """Two versions of a model compared; what of them cannot be read counts as not there.

    Args:
        data: The data branch.
        folder: The model's folder below `registry/models/`.
        before: The uid of the version in place, or "".
        after: The uid of the candidate.

    Raises:
        NotFound: The model has no such version, or it was deleted.
    """
    old, new = (_facts(data, folder, uid) if uid else None for uid in (before, after))
    if new is None:
        raise NotFound("there is no version to compare", "mlgit models")
    files = _files(data, new)
    rows = tuple(_rows(data, old, new))
    size = sum(one.size for one in files)
    run = new.run.name if new.run else ""
    return Comparison(old.version if old else None, new.version, rows, len(files), size, run)


def _facts(data: Snapshot, folder: str, uid: str) -> Facts:
    found = facts_of(data, folder, uid)
    if found is None:
        raise NotFound(f"{folder} has no version {uid}", "mlgit pull", uid=uid)
    return found


def _rows(data: Snapshot, old: Facts | None, new: Facts) -> Iterator[Row]:
    was = _sections(data, old) if old else {}
    now = _sections(data, new)
    for section in SECTIONS:
        before, after = was.get(section, {}), now[section]
        for key in dict.fromkeys([*after, *before]):
            yield Row(section, key, before.get(key), after.get(key))


def _sections(data: Snapshot, facts: Facts) -> dict[str, Values]:
    run = facts.run
    return {
        "metrics": {key: float(one.last) for key, one in run.metrics.items()} if run else {},
        "params": run.params if run else {},
        "tags": facts.version.tags,
        "data": {one.name: one.digest for one in facts.datasets},
        "code": _code(facts),
        "signature": _columns(facts.version.signature),
        "artifacts": {one.path: one.sha256 or one.uri for one in _files(data, facts)},
    }


def _code(facts: Facts) -> dict[str, str]:
    if facts.run is None:
        return {}
    code = facts.run.code
    said = {"commit": code.commit, "branch": code.branch, "uncommitted": "yes" * code.dirty}
    return {key: value for key, value in said.items() if value}


def _columns(signature: str) -> dict[str, str]:
    """The type of each input, output and parameter of a signature, by `inputs.age`."""
    with suppress(ValueError, TypeError, AttributeError, RecursionError):
        return dict(_fields(json.loads(signature or "{}")))
    return {"text": signature}


def _fields(doc: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for side, held in doc.items():
        columns = json.loads(held) if isinstance(held, str) else held
        for number, column in enumerate(columns):
            kind = column.get("tensor-spec") or column.get("type")
            shown = kind if isinstance(kind, str) else json.dumps(kind, sort_keys=True)
            optional = "" if column.get("required", True) else ", optional"
            yield f"{side}.{column.get('name', number)}", f"{shown}{optional}"


def _files(data: Snapshot, facts: Facts) -> list[ArtifactEntry]:
    with suppress(Damaged):
        return list(data.manifest(facts.folder)) if facts.folder else []
    return []
