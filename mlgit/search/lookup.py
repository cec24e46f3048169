"""What can be asked of an index that is up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.records.inputs import DatasetInput
from mlgit.search import document
from mlgit.search.match import CONTEXT_TAG, Subject
from mlgit.search.order import Keys, ordered
from mlgit.search.plan import Planner
from mlgit.search.scan import first_by_id, select
from mlgit.search.sql import TooComplex
from mlgit.store.snapshot import Damage

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.run import Run
    from mlgit.search.question import Question

_CHUNK = 500


class Found(NamedTuple):
    """One run.

    Attributes:
        run: Its record.
        experiment: The name of its experiment; "" where unknown.
        folder: Its folder; "" while it is live.
        linked: Whether it may have datasets or models.
    """

    run: Run
    experiment: str
    folder: str
    linked: bool = True


class Asked(NamedTuple):
    """A question to an index beside runs that are not in it.

    Attributes:
        question: What is asked.
        there: The live runs that it asks for, in order.
        hidden: Ids that are live, whatever the index says of them.
        experiments: By id.
    """

    question: Question
    there: list[Subject]
    hidden: set[str]
    experiments: dict[str, Experiment]


def asked(rows: sqlite3.Connection, question: Question, live: Sequence[Run | Subject]) -> Asked:
    """The question with what it needs to know of live runs."""
    known = first_by_id(experiments(rows))
    subjects = [one if isinstance(one, Subject) else _subject_of(one, known) for one in live]
    hidden = {one.run.id for one in subjects}
    return Asked(question, select(subjects, question, known), hidden, known)


def find(
    rows: sqlite3.Connection,
    question: Question,
    limit: int | None,
    offset: int,
    live: Sequence[Run | Subject],
) -> list[Found]:
    """See `Index.find`."""
    ask = asked(rows, question, live)
    try:
        # Live runs push others back by one place each at most, so the page needs no earlier row.
        first = max(0, offset - len(ask.there))
        wanted = None if limit is None else limit + offset - first
        rids = Planner(rows, ask.hidden).rids(question, wanted, first)
        found = list(subjects_at(rows, rids, ask.experiments))
    except TooComplex:
        first, found = 0, _matching(rows, ask)
    if ask.there:
        found = ordered(found + ask.there, question.order)
    page = found[offset - first :][:limit]
    return [Found(one.run, one.experiment, one.folder, one.linked) for one in page]


def count(rows: sqlite3.Connection, question: Question, live: Sequence[Run | Subject]) -> int:
    """See `Index.count`."""
    ask = asked(rows, question, live)
    try:
        return len(ask.there) + Planner(rows, ask.hidden).count(question)
    except TooComplex:
        return len(ask.there) + len(_matching(rows, ask))


def _matching(rows: sqlite3.Connection, ask: Asked) -> list[Subject]:
    """The answers without SQL, for a question that is too long for it."""
    everything = _all(rows, ask.experiments)
    shown = (one for one in everything if one.run.id not in ask.hidden)
    return select(shown, ask.question, ask.experiments)


def _subject_of(
    run: Run,
    known: dict[str, Experiment],
    datasets: Sequence[DatasetInput] = (),
    folder: str = "",
) -> Subject:
    experiment = known.get(run.experiment_id)
    return Subject(run, experiment.name if experiment else "", datasets, folder)


def subjects_at(
    rows: sqlite3.Connection, rids: Sequence[int], known: dict[str, Experiment]
) -> Iterator[Subject]:
    """The runs of these rows, in their order; their datasets are not looked up."""
    for start in range(0, len(rids), _CHUNK):
        chunk = rids[start : start + _CHUNK]
        marks = ", ".join(map(str, chunk))
        sql = f"SELECT rid, folder, line, linked FROM documents WHERE rid IN ({marks})"
        lines = {rid: rest for rid, *rest in rows.execute(sql)}
        for folder, line, linked in (lines.get(rid, ("", "", 0)) for rid in chunk):
            found = _subject_of(document.load(line), known, (), folder)
            yield found if linked else found._replace(linked=False)


def _all(rows: sqlite3.Connection, known: dict[str, Experiment]) -> Iterator[Subject]:
    for rid, folder, line in rows.execute("SELECT rid, folder, line FROM documents"):
        yield _subject_of(document.load(line), known, list(_datasets(rows, rid)), folder)


def datasets(
    rows: sqlite3.Connection, experiment_ids: Sequence[str], most: int
) -> list[tuple[str, str, str, str]]:
    """Experiment id, name, digest and context of the datasets that live runs read, each once."""
    marks = ", ".join("?" * len(experiment_ids))
    sql = (
        "SELECT DISTINCT runs.experiment_id, datasets.name, digest, context FROM datasets"
        f" JOIN runs USING (rid) WHERE lifecycle = 'active' AND runs.experiment_id IN ({marks})"
        " ORDER BY 1, 2, 3, 4 LIMIT ?"
    )
    return [tuple(row) for row in rows.execute(sql, (*experiment_ids, most))]


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


def state_token(rows: sqlite3.Connection) -> str:
    """A word that changes whenever the index does."""
    return str(rows.execute("SELECT token FROM state").fetchone()[0])
