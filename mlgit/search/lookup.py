"""What can be asked of an index that is up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlgit.records.experiment import Experiment
from mlgit.records.inputs import DatasetInput
from mlgit.records.run import Run
from mlgit.search import document
from mlgit.search.match import CONTEXT_TAG, Subject
from mlgit.search.order import Keys, ordered
from mlgit.search.plan import Planner
from mlgit.search.question import Question
from mlgit.search.scan import first_by_id, select
from mlgit.search.sql import TooComplex
from mlgit.store.snapshot import Damage

_CHUNK = 500


class Found(NamedTuple):
    """A run, the name of its experiment ("" where unknown), its folder ("" while it is live)."""

    run: Run
    experiment: str
    folder: str


def find(
    rows: sqlite3.Connection,
    question: Question,
    limit: int | None,
    offset: int,
    live: Sequence[Run | Subject],
) -> list[Found]:
    """See `Index.find`."""
    names = first_by_id(experiments(rows))
    subjects = [_as_subject(one, names) for one in live]
    hidden = {one.run.id for one in subjects}
    there = select(subjects, question, names)
    try:
        # Live runs push others back by one place each at most, so the page needs no earlier row.
        first = max(0, offset - len(there))
        count = None if limit is None else limit + offset - first
        rids = Planner(rows, hidden).rids(question, count, first)
        found = list(_subjects(rows, rids, names))
    except TooComplex:
        first = 0
        everything = (one for one in _all(rows, names) if one.run.id not in hidden)
        found = select(everything, question, names)
    if there:
        found = ordered(found + there, question.order)
    page = found[offset - first :][:limit]
    return [Found(one.run, one.experiment, one.folder) for one in page]


def count(rows: sqlite3.Connection, question: Question, live: Sequence[Run | Subject]) -> int:
    """See `Index.count`."""
    names = first_by_id(experiments(rows))
    subjects = [_as_subject(one, names) for one in live]
    there = len(select(subjects, question, names))
    hidden = {one.run.id for one in subjects}
    try:
        return there + Planner(rows, hidden).count(question)
    except TooComplex:
        everything = (one for one in _all(rows, names) if one.run.id not in hidden)
        return there + len(select(everything, question, names))


def _as_subject(one: Run | Subject, names: dict[str, Experiment]) -> Subject:
    if isinstance(one, Subject):
        return one
    known = names.get(one.experiment_id)
    return Subject(one, known.name if known else "")


def _subjects(
    rows: sqlite3.Connection, rids: Sequence[int], names: dict[str, Experiment]
) -> Iterator[Subject]:
    for start in range(0, len(rids), _CHUNK):
        chunk = rids[start : start + _CHUNK]
        sql = f"SELECT rid, folder, line FROM documents WHERE rid IN ({', '.join(map(str, chunk))})"
        lines = {rid: (folder, line) for rid, folder, line in rows.execute(sql)}
        for rid in chunk:
            yield _subject(*lines[rid], names)


def _subject(
    folder: str, line: str, names: dict[str, Experiment], datasets: Sequence[DatasetInput] = ()
) -> Subject:
    run = document.load(line)
    known = names.get(run.experiment_id)
    return Subject(run, known.name if known else "", datasets, folder)


def _all(rows: sqlite3.Connection, names: dict[str, Experiment]) -> Iterator[Subject]:
    for rid, folder, line in rows.execute("SELECT rid, folder, line FROM documents"):
        yield _subject(folder, line, names, list(_datasets(rows, rid)))


def _datasets(rows: sqlite3.Connection, rid: int) -> Iterator[DatasetInput]:
    sql = "SELECT name, digest, context FROM datasets WHERE rid = ?"
    for name, digest, context in rows.execute(sql, (rid,)):
        tags = {CONTEXT_TAG: context} if context else {}
        yield DatasetInput(name or "", digest or "", "", "", tags=tags)


def experiments(rows: sqlite3.Connection) -> list[Experiment]:
    """See `Index.experiments`."""
    found = rows.execute("SELECT line FROM experiments ORDER BY folder")
    return [document.load_experiment(line) for (line,) in found]


def keys(rows: sqlite3.Connection) -> Keys:
    """See `Index.keys`."""
    sql = "SELECT kind, key FROM keys k WHERE EXISTS (SELECT 1 FROM vals v WHERE v.kid = k.kid)"
    found: tuple[set[str], ...] = (set(), set(), set())
    for kind, key in rows.execute(sql):
        found[kind - 1].add(key)
    return Keys(*found)


def damage(rows: sqlite3.Connection) -> list[Damage]:
    """See `Index.damage`."""
    found = rows.execute("SELECT path, reason FROM damage ORDER BY path")
    return [Damage(path, reason) for path, reason in found]
