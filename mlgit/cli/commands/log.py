"""`mlgit log`: who did what, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlgit.cli.arguments import RUN_OR_EXPERIMENT
from mlgit.cli.command import Command
from mlgit.cli.numbers import ago
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.errors import InvalidValue, NotFound
from mlgit.times import iso, now_ms

if TYPE_CHECKING:
    from mlgit.search.lookup import Found
    from mlgit.store.activity import Act, Choice

_SHOWN = 30  # acts in a table that was not asked for more
_DAY = 86_400_000
_COLUMNS = ("commit", "at", "author", "what")
_RUN, _EXPERIMENT = "Mlgit-Run", "Mlgit-Experiment"
_WHOLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{15,255}")


class About(NamedTuple):
    """What acts are asked for: the trailer that names it, and when it began (ms UTC)."""

    trailer: str
    value: str
    begin: int = 0


@click.command(
    cls=Command,
    examples="""
    mlgit log
    mlgit log brisk-otter-12
    mlgit log churn --since '7d ago' --author ada
    mlgit log -n 100 --json
    """,
)
@click.argument("names", nargs=-1, type=RUN_OR_EXPERIMENT, metavar="[RUN|EXPERIMENT|MODEL]...")
@click.option(
    "-n", "limit", type=click.IntRange(min=1), metavar="N", help="At most so many; 30 in a table."
)
@click.option("--since", default="", metavar="DATE", help="Not before: 2026-11-23, or `7d ago`.")
@click.option("--author", default="", metavar="TEXT", help="Whose name or address has this in it.")
@click.option("--merges", is_flag=True, help="Also show where histories were merged.")
@shape_options
@pass_session
def log(
    session: Session, /, *, names: Sequence[str], limit: int | None, shape: Shape, **options: Any
) -> None:
    """Show who did what to the store, newest first.

    Every line is a commit of the branch. What a merge brought is shown, not the merge.
    """
    from mlgit.store.activity import acts

    table = shape.on(session.output) == "table"
    snapshot, about = session.store.snapshot(), [_about(session, name) for name in names]
    most = limit or (_SHOWN + 1 if table else None)
    told = acts(snapshot.objects, snapshot.commit, _choice(about, **options))
    found = list(islice(_of_these(session, told, about), most))
    more = limit is None and table and len(found) > _SHOWN
    found = found[:_SHOWN] if more else found
    documents = [_document(act) for act in found]
    emit(session.output, shape, documents, _COLUMNS, lambda: _table(session, found))
    if more:
        session.output.note(f"There is more: mlgit log -n {4 * _SHOWN}")
    elif not found:
        session.output.note("Nothing was done, as far as this history tells.")


def _choice(about: Sequence[About], since: str, author: str, merges: bool) -> Choice:
    from mlgit.search.literals import moment
    from mlgit.store.activity import Choice

    earliest = moment(since) if since else 0
    if earliest is None:
        raise InvalidValue(f"{since!r} is not a date", "write 2026-11-23, or '7d ago'")
    # Nothing was said of a run before it began, but for a day that a clock may be wrong.
    begin = max(earliest, min(one.begin for one in about) - _DAY) if about else earliest
    whole = any(one.trailer == _EXPERIMENT for one in about)
    named = frozenset() if whole else frozenset((one.trailer, one.value) for one in about)
    return Choice(named, author, begin, merges)


def _about(session: Session, name: str) -> About:
    """What is meant by a name: an experiment, a registered model or a run."""
    with suppress(NotFound):
        return About(_EXPERIMENT, session.experiment(name).name)
    if name in session.store.snapshot().names("registry/models"):
        return About("Mlgit-Model", name)
    try:
        found = session.find(name)
    except NotFound:
        if _WHOLE_ID.fullmatch(name):  # a run that was purged has a history yet
            return About(_RUN, name)
        raise
    return About(_RUN, found.run.id, found.run.start)


def _of_these(session: Session, told: Iterator[Act], about: Sequence[About]) -> Iterator[Act]:
    """The acts on what is meant; what is done to a run later does not name its experiment."""
    wanted = {(one.trailer, one.value) for one in about}
    experiments: dict[str, str] = {}
    for act in told:
        said = {(key, value) for key, values in act.trailers.items() for value in values}
        for run_id in act.trailers.get(_RUN, ()) if _EXPERIMENT not in act.trailers else ():
            if run_id not in experiments:
                experiments.update(_experiments(session, run_id))
            said.add((_EXPERIMENT, experiments[run_id]))
        if not wanted or said & wanted:
            yield act


def _experiments(session: Session, run_id: str) -> dict[str, str]:
    """The experiment of one run by its id; "" where that is not known."""
    return {run_id: "", **{one.run.id: one.experiment for one in _found(session, [run_id])}}


def _found(session: Session, ids: Sequence[str]) -> list[Found]:
    """The runs of these ids, also deleted ones."""
    from mlgit.search.query import parse
    from mlgit.search.question import Question, View

    listed = ", ".join(f"'{one}'" for one in ids if _WHOLE_ID.fullmatch(one))
    if not listed:
        return []
    return session.index.find(Question(parse(f"run_id IN ({listed})"), view=View.ALL))


def _document(act: Act) -> dict[str, Any]:
    return {
        "commit": act.commit,
        "at": iso(act.at),
        "author": act.author,
        "email": act.email,
        "what": "; ".join(act.what),
        "runs": act.trailers.get(_RUN, ()),
        "experiments": tuple(dict.fromkeys(act.trailers.get(_EXPERIMENT, ()))),
        "models": act.trailers.get("Mlgit-Model", ()),
        "merge": act.is_merge,
    }


def _table(session: Session, found: Sequence[Act]) -> list[str]:
    if not found:
        return []
    now, names = now_ms(), _names(session, found)
    rows = [row for act in found for row in _rows(act, now, names)]
    when, who, what = (list(cells) for cells in zip(*rows, strict=True))
    columns = [
        Column("WHEN", when),
        Column("WHO", who, limit=20, rank=2),
        Column("WHAT", what, limit=200, rank=1),
    ]
    return lay_out(columns, session.output.terminal)[0]


def _rows(act: Act, now: int, names: dict[str, str]) -> Iterator[tuple[Cell, Cell, Cell]]:
    """A line for each thing that was done at once."""
    head = Cell(ago(act.at, now), ("dim",)), Cell(act.author)
    for what in act.what:
        yield *head, Cell(_named(what, names))
        head = Cell(""), Cell("")


def _named(what: str, names: dict[str, str]) -> str:
    """The subject of an edit, with the run's name in the place of its id."""
    before, bracket, last = what.rpartition(" (")
    name = names.get(last.removesuffix(")"))
    return f"{before} ({name})" if bracket and name else what


def _names(session: Session, found: Sequence[Act]) -> dict[str, str]:
    """The names of the runs that were edited, by id."""
    ids = {one for act in found for one in act.trailers.get(_RUN, ())}
    edited = [one for one in ids if any(f"({one})" in what for act in found for what in act.what)]
    return {one.run.id: one.run.name for one in _found(session, edited)}
