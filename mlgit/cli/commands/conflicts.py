"""`mlgit conflicts` and `resolve`: values that two clones set differently, and deciding them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlgit.cli.command import Command
from mlgit.cli.machine import as_json
from mlgit.cli.numbers import ago, size
from mlgit.cli.progress import working
from mlgit.cli.session import Session, near, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.errors import InvalidValue, NotFound
from mlgit.records import layout
from mlgit.times import iso, now_ms

if TYPE_CHECKING:
    from mlgit.store.contested import Contested
    from mlgit.store.origin import Origin
    from mlgit.store.snapshot import Snapshot

_UNDECIDED = 4
_COLUMNS = ("what", "base", "sides")
_OF_RUN = ("run", "artifacts")


class Open(NamedTuple):
    """A value in conflict with what it is called here and who gave each side."""

    what: str
    contested: Contested
    origins: Sequence[Origin]


@click.command(
    cls=Command,
    examples="""
    mlgit conflicts
    mlgit conflicts --json
    mlgit conflicts --strict -q || echo "decide these first"
    """,
)
@click.option("--strict", is_flag=True, help="End with 4 where there is any.")
@shape_options
@pass_session
@click.pass_context
def conflicts(ctx: click.Context, session: Session, *, strict: bool, shape: Shape) -> None:
    """List the values that two clones set differently.

    Until somebody decides, readers use the value that was there before (base), or the first where
    there was none. `mlgit resolve` decides.
    """
    found = _open(session)
    documents = [_document(one) for one in found]
    emit(session.output, shape, documents, _COLUMNS, lambda: _lines(session, found))
    if not found:
        session.output.note("Nothing is in conflict.")
    elif shape.on(session.output) == "table":
        session.output.note(f"Decide: mlgit resolve '{found[0].what}' --take 1")
    if found and strict:
        ctx.exit(_UNDECIDED)


@click.command(
    cls=Command,
    examples="""
    mlgit resolve
    mlgit resolve brisk-otter-12:params.lr --take 1
    mlgit resolve mlgit.yaml:limits.patch --value 200000
    mlgit resolve churn@production --take base
    """,
)
@click.argument("what", default="")
@click.option("--take", metavar="N|base", default="", help="Take this side, as listed.")
@click.option("--value", default=None, metavar="V", help="Write this value instead.")
@pass_session
def resolve(session: Session, *, what: str, take: str, value: str | None) -> None:
    """Decide a value in conflict, as a commit of its own.

    WHAT is as `mlgit conflicts` prints it. At a terminal, where neither --take nor --value is
    given, you are asked; without WHAT about each.
    """
    found = _open(session)
    if what:
        found = [_named(found, what)]
    if not found:
        session.output.note("Nothing is in conflict.")
    asked = not take and value is None
    if (asked and not session.output.terminal.interactive) or (not what and not asked):
        raise click.UsageError("name WHAT, and --take or --value")
    for one in found:
        _decide(session, one, _asked(session, one) if asked else take, value)


def _decide(session: Session, one: Open, take: str, value: str | None) -> None:
    from mlgit.store.resolve import resolve as write

    chosen = _chosen(one, take) if value is None else _typed(one, value)
    write(session.store, one.contested, chosen)
    session.output.note(f"{one.what} is {_shown(chosen)} now")


def _chosen(one: Open, take: str) -> Any:
    base, sides = one.contested.base, one.contested.sides
    if take == "base" and base is not None:
        return base
    if take.isdecimal() and 0 < int(take) <= len(sides):
        return sides[int(take) - 1]
    most = f"1 to {len(sides)}" + (" or base" if base is not None else "")
    raise InvalidValue(f"--take is {most} for {one.what}, not {take!r}", "mlgit conflicts")


def _typed(one: Open, value: str) -> Any:
    """The text of `--value` as a value of the kind that is in conflict."""
    if any(isinstance(side, (dict, list)) for side in one.contested.sides):
        raise InvalidValue(f"{one.what} has parts; choose a side", "mlgit resolve WHAT --take N")
    from mlgit.records.fields import text_to_value

    if all(isinstance(side, bool) for side in one.contested.sides):
        return {"true": True, "false": False}.get(value.lower(), value)
    return text_to_value(value)


def _asked(session: Session, one: Open) -> str:
    session.output.say(_block(session, one))
    choices = [str(rank) for rank, _ in enumerate(one.contested.sides, 1)]
    choices += ["base"] if one.contested.base is not None else []
    answer = click.prompt("Take", type=click.Choice(choices), default=choices[0], err=True)
    return str(answer)


def _open(session: Session) -> list[Open]:
    from mlgit.store.contested import contested
    from mlgit.store.origin import origins

    snapshot = session.store.snapshot()
    with working(session.output, "looking for values in conflict"):
        found = contested(session.store)
        return [
            Open(_name(snapshot, one, found), one, origins(snapshot.objects, snapshot.commit, one))
            for one in found
        ]


def _name(snapshot: Snapshot, one: Contested, found: Sequence[Contested]) -> str:
    """What a value in conflict is called: short, and what a person may type."""
    located, field = layout.parse_path(one.path), ".".join(one.keys)
    if located is not None and located.kind == "alias":
        return f"{located.model}@{located.name}"
    if located is not None and located.kind in _OF_RUN:
        run = snapshot.run(located.folder)
        places = [layout.parse_path(other.path) for other in found]
        others = {place.folder for place in places if place and place.kind in _OF_RUN}
        same = [folder for folder in others if snapshot.run(folder).name == run.name]
        return f"{run.name if len(same) == 1 else run.id}:{field}"
    return f"{one.path}:{field}" if field else one.path


def _named(found: Sequence[Open], what: str) -> Open:
    """The one that was meant."""
    fits = [one for one in found if what in (one.what, one.contested.path)]
    if not fits:
        raise NotFound(
            f"{what!r} is not in conflict.",
            "mlgit conflicts",
            candidates=near(what, [one.what for one in found]),
        )
    return fits[0]


def _document(one: Open) -> dict[str, Any]:
    sides = [
        {"take": rank, "value": side, "by": origin.by, "at": _when(origin), "commit": origin.commit}
        for rank, (side, origin) in enumerate(zip(one.contested.sides, one.origins, strict=True), 1)
    ]
    path, keys, base, _ = one.contested
    return {"what": one.what, "path": path, "field": ".".join(keys), "base": base, "sides": sides}


def _when(origin: Origin) -> str | None:
    return iso(origin.at) if origin.at else None


def _lines(session: Session, found: Sequence[Open]) -> list[str]:
    return [line for one in found for line in _block(session, one)]


def _block(session: Session, one: Open) -> list[str]:
    """A value in conflict: its name, then a line for each of what it may be."""
    terminal, now = session.output.terminal, now_ms()
    rows = [] if one.contested.base is None else [("base", one.contested.base, "")]
    for rank, (side, origin) in enumerate(zip(one.contested.sides, one.origins, strict=True), 1):
        who = f"{origin.by}, {ago(origin.at, now)}" if origin.at else ""
        rows.append((str(rank), side, who))
    values = [terminal.safe(_shown(value)) for _, value, _ in rows]
    room = max(map(len, values))
    lines = [terminal.paint(terminal.safe(one.what), "bold")]
    for (label, _, who), value in zip(rows, values, strict=True):
        dim = terminal.paint(terminal.safe(who), "dim")
        lines.append(f"  {label:<4}  {value:<{room}}  {dim}".rstrip())
    return lines


def _shown(value: Any) -> str:
    """A value on one line: what of it a person decides by."""
    if isinstance(value, dict) and "version" in value:
        return f"version {value['version']}"
    if isinstance(value, dict) and "stage" in value:
        return str(value["stage"])
    if isinstance(value, dict) and "size" in value:
        return f"{str(value.get('sha256') or value.get('uri'))[:12]}, {size(value['size'])}"
    return as_json(value, indent=None) if isinstance(value, (dict, list, bool)) else str(value)
