"""`mlgit gc`: bytes that nothing names any more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mlgit.cli.command import Command
from mlgit.cli.failure import UsageError
from mlgit.cli.numbers import counted, size
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit_one, shape_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgit.holdings.gc.beside import Surroundings
    from mlgit.holdings.gc.clean import Cleaned
    from mlgit.holdings.gc.leftovers import Leftover
    from mlgit.holdings.gc.plan import Plan, Thing, Wish

_SHOWN = 10  # runs, or objects, that are named before the rest is only counted


@click.command(
    cls=Command,
    examples="""
    mlgit gc
    mlgit gc --purged --delete
    mlgit gc --remote main --older-than 30
    """,
)
@click.option("--delete", is_flag=True, help="Do it; without this it is only said.")
@click.option("--remote", metavar="NAME", default="", help="Clean up this artifact remote.")
@click.option(
    "--older-than",
    type=click.IntRange(0, 36_500),
    default=14,
    metavar="DAYS",
    help="Leave what was put there in the last DAYS days: 14 unless given.",
)
@click.option("--purged", is_flag=True, help="Also what only earlier commits name.")
@click.option(
    "--ignore-user",
    "ignored",
    multiple=True,
    metavar="ID",
    help="This clone of others is gone for good.",
)
@shape_options
@pass_session
def gc(
    session: Session,
    *,
    delete: bool,
    remote: str,
    older_than: int,
    purged: bool,
    ignored: tuple[str, ...],
    shape: Shape,
) -> None:
    """Remove artifact bytes that nothing names any more.

    What any ref, reflog, journal or spool names stays, and all that the history names, so that
    `restore` works; --purged lets go of what only earlier commits name, but for versions that were
    ever registered. Removing takes two runs a week apart: --delete puts bytes aside, and a later
    one removes those that are still not named, and brings back those that are. Whatever cannot be
    read, and a remote that others use, too, ends the command before anything is changed.
    """
    if ignored and not remote:
        raise UsageError("--ignore-user goes with --remote.", "mlgit gc --help")
    if remote and not older_than:
        raise UsageError(
            "others may be uploading at this moment.", "with --remote, --older-than 1 or more"
        )
    wish = _wish(older_than, purged=purged)
    with working(session.output, "reading all that names bytes"):
        found = _clean(session, remote, wish, delete=delete, ignored=ignored)
    lines = partial(_lines, session, found)
    if shape.on(session.output) == "tsv":
        session.output.data(lines())
    else:
        emit_one(session.output, shape, _document(found, remote), lines)
    _tell(session, found, purged=purged)


def _wish(days: int, *, purged: bool) -> Wish:
    from mlgit import times
    from mlgit.holdings.gc.plan import DAY, Wish

    return Wish(times.now_ms() / 1000, days * DAY, purged)


def _clean(
    session: Session, remote: str, wish: Wish, *, delete: bool, ignored: Sequence[str]
) -> Cleaned:
    from mlgit.holdings.gc.clean import clean_here, clean_remote
    from mlgit.holdings.remotes import open_trusted

    around = _surroundings()
    if not remote:
        return clean_here(session.store, around, wish, delete=delete)
    (place,) = open_trusted(session.store, [remote])
    return clean_remote(session.store, place, around, wish, delete=delete, ignored=ignored)


def _surroundings() -> Surroundings:
    from mlgit.holdings.gc.beside import Surroundings
    from mlgit.runs.journal_read import lost_inside
    from mlgit.runs.spool.folder import named_spool

    spool = named_spool()
    return Surroundings(lost_inside, (spool,) if spool else ())


def _document(found: Cleaned, remote: str) -> dict[str, Any]:
    done = found.done
    things = {name: list(getattr(found.plan, name)) for name in found.plan._fields}
    document: dict[str, Any] = {"remote": remote or None, "deleted": done is not None}
    document |= {name: _sum(ones) for name, ones in things.items()}
    document["leftovers"] = _sum(found.leftovers)
    document["objects"] = [
        {"sha256": one.sha256, "bytes": one.key.size, "run": one.run or None}
        for one in found.plan.unnamed
    ]
    document["bundles"] = [
        {"sha256": one.sha256, "bytes": one.dead, "run": one.run or None}
        for one in found.plan.mixed
    ]
    if done is not None:
        document["done"] = {name: _sum(getattr(done, name)) for name in done._fields}
    return document


def _sum(things: Sequence[Thing | Leftover]) -> dict[str, int]:
    return {"objects": len(things), "bytes": sum(one.key.size for one in things)}


def _lines(session: Session, found: Cleaned) -> list[str]:
    """What would go, the largest first, and what broken transfers left."""
    safe = session.output.terminal.safe
    ordered = sorted(found.plan.unnamed, key=lambda one: (-one.key.size, one.sha256))
    lines = [_line(one.key.size, one, safe(_whose(one))) for one in ordered[:_SHOWN]]
    lines += [f"{_amount(ordered[_SHOWN:])} more"] if ordered[_SHOWN:] else []
    mixed = sorted(found.plan.mixed, key=lambda one: (-one.dead, one.sha256))
    lines += [_line(one.dead, one, safe(f"in a bundle {_of_run(one)}")) for one in mixed[:_SHOWN]]
    lines += [f"{counted(len(mixed[_SHOWN:]), 'bundle')} more"] if mixed[_SHOWN:] else []
    broken = found.leftovers
    lines += [f"{size(one.key.size):>9}  {one.key.name[:16]}  left over" for one in broken[:_SHOWN]]
    lines += [f"{_amount(broken[_SHOWN:], 'leftover')} more"] if broken[_SHOWN:] else []
    return [line.rstrip() for line in lines]


def _line(amount: int, one: Thing, words: str) -> str:
    return f"{size(amount):>9}  {one.sha256[:12]}  {words}"


def _whose(one: Thing) -> str:
    count = f"{counted(len(one.members), 'object')} " if one.members else ""
    return f"{count}{_of_run(one)}"


def _of_run(one: Thing) -> str:
    return f"of run {one.run}" if one.run else ""


def _tell(session: Session, found: Cleaned, *, purged: bool) -> None:
    note, plan, done = session.output.note, found.plan, found.done
    if done is None:
        note(f"{_amount(plan.unnamed)} to put aside, {_amount(plan.expired)} to remove")
    else:
        note(f"{_amount(done.aside)} put aside, {_amount(done.removed)} removed")
    if plan.mixed and done is None:
        freed = size(sum(one.dead for one in plan.mixed))
        note(f"{counted(len(plan.mixed), 'bundle')} to write anew without {freed}")
    if found.leftovers:
        what = "to remove" if done is None else "removed"
        note(f"{_amount(found.leftovers, 'leftover')} of broken transfers {what}")
    _tell_rest(session, plan, 0 if done is None else len(done.back), purged=purged)
    changing = (plan.unnamed, plan.mixed, plan.expired, plan.back, found.leftovers)
    if done is None and any(changing):
        note("Nothing was changed: --delete does it.")


def _tell_rest(session: Session, plan: Plan, brought_back: int, *, purged: bool) -> None:
    note = session.output.note
    if brought_back:
        note(f"{counted(brought_back, 'object')} brought back: named again")
    elif plan.back:
        note(f"{_amount(plan.back)} put aside and named again: --delete brings them back")
    if plan.waiting:
        note(f"{_amount(plan.waiting)} put aside less than a week ago")
    if plan.young:
        note(f"{_amount(plan.young)} not named and not old enough")
    if plan.past and not purged:
        note(f"{_amount(plan.past)} named by earlier commits only: --purged lets them go")


def _amount(things: Sequence[Thing | Leftover], noun: str = "object") -> str:
    return f"{counted(len(things), noun)} ({size(sum(one.key.size for one in things))})"
