"""`mlgit artifact verify`: whether bytes are where they should be; `--fix` makes copies whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.command import Command
from mlgit.cli.numbers import counted, size
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.holdings.named import Named
    from mlgit.holdings.verify import Trouble

_COLUMNS = ("run", "path", "sha256", "size", "place", "problem", "fixed")
_EVERY = "every remote"


@click.command(
    cls=Command,
    examples="""
    mlgit artifact verify
    mlgit artifact verify @last --remote
    mlgit artifact verify --remote main --deep --fix
    """,
)
@click.argument("run", type=RUN, default="")
@click.argument("path", default="")
@click.option(
    "--remote",
    is_flag=False,
    flag_value=_EVERY,
    default="",
    metavar="[NAME]",
    help="Ask the remotes, or that one, instead of reading what is here.",
)
@click.option("--deep", is_flag=True, help="Read every byte on the remotes, too.")
@click.option("--fix", is_flag=True, help="Make copies whole from others; nothing is deleted.")
@shape_options
@pass_session
@click.pass_context
def verify(
    ctx: click.Context,
    session: Session,
    *,
    run: str,
    path: str,
    remote: str,
    deep: bool,
    fix: bool,
    shape: Shape,
) -> None:
    """Say which artifacts are missing or damaged.

    All that the branch names, those of RUN (`models:/m-ID`: of a logged model), or those below
    PATH; what is kept in git is read by `mlgit check --deep`. Without --remote the copies of this
    clone are read. With it the remotes say what they have and how long it is: one needs as many
    copies as `mlgit config artifacts.copies` says. Ends with 1 where anything is wrong.
    """
    named = _named(session, run, path)
    with working(session.output, "reading artifacts"):
        troubles = _troubles(session, named, remote, deep=deep)
    failures = _fix(session, troubles) if fix else dict.fromkeys(troubles, "")
    documents = [_document(one, fixed=one not in failures) for one in troubles]
    emit(session.output, shape, documents, _COLUMNS, lambda: _table(session, troubles, failures))
    total = size(sum(one.size for one in named))
    what = f"{counted(len(named), 'artifact')}, {total}: {len(troubles)} in trouble"
    session.output.note(f"{what}, {len(troubles) - len(failures)} repaired" if fix else what)
    if failures:
        ctx.exit(1)


def _named(session: Session, run: str, path: str) -> list[Named]:
    """The bytes outside git that are meant."""
    from mlgit.artifacts.manifest import select
    from mlgit.cli.holder import address, holder_of
    from mlgit.holdings.named import Named, named_by

    if not run:
        return list(named_by(session.store).values())
    run, path = address(session, run, path)
    whole_id, seen = holder_of(session, run)
    found = {
        entry.sha256: Named(entry.sha256, entry.size, whole_id, entry.path)
        for entry in select(seen.manifest, path.rstrip("/"))
        if entry.sha256 and not (entry.inline or entry.uri)
    }
    return list(found.values())


def _troubles(session: Session, named: list[Named], remote: str, *, deep: bool) -> list[Trouble]:
    from mlgit.holdings.verify import verify_here, verify_remotes

    store = session.store
    if not remote:
        return verify_here(store, named)
    copies = store.settings.artifacts.copies if remote == _EVERY else 1
    remotes = _remotes(session, remote)
    if len(remotes) < copies:
        session.output.warn(f"{copies} copies are asked for, and {len(remotes)} remotes are used")
    return verify_remotes(store, remotes, named, copies, deep=deep)


def _remotes(session: Session, remote: str) -> list[SharedRemote]:
    from mlgit.errors import NotFound
    from mlgit.holdings.remotes import open_trusted

    found = open_trusted(session.store, [] if remote == _EVERY else [remote])
    if not found:
        raise NotFound("this store has no artifact remote.", hint="mlgit remote add main URL")
    return found


def _fix(session: Session, troubles: list[Trouble]) -> dict[Trouble, str]:
    """Repair what can be; what cannot, and why."""
    from mlgit.holdings.gather import reach
    from mlgit.holdings.repair import repair

    if not troubles:
        return {}
    with working(session.output, "repairing"):
        done = repair(session.store, troubles, reach(session.store).remotes)
    for one in done:
        if one.problem is not None:
            session.output.warn(one.problem.message, one.problem.hint)
    return {one.trouble: one.problem.message for one in done if one.problem is not None}


def _document(one: Trouble, *, fixed: bool) -> dict[str, object]:
    named = one.named._asdict()
    return {**named, "place": one.place, "problem": one.problem, "fixed": fixed}


def _table(session: Session, troubles: Sequence[Trouble], left: dict[Trouble, str]) -> list[str]:
    if not troubles:
        return []
    columns = [
        Column("ARTIFACT", [Cell(one.named.path) for one in troubles], limit=60),
        Column("run", [Cell(one.named.run) for one in troubles]),
        Column("size", [Cell(size(one.named.size)) for one in troubles], right=True),
        Column("where", [Cell(one.place) for one in troubles]),
        Column("state", [Cell(one.problem if one in left else "repaired") for one in troubles]),
    ]
    return lay_out(columns, session.output.terminal)[0]
