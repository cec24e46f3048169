"""`mlgit config`: what the team has agreed on, in `mlgit.yaml` on the branch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.session import Session, near, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from mlgit.records.settings import Settings

_SECTIONS = ("artifacts", "capture", "limits")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@click.command(
    cls=Command,
    examples="""
    mlgit config
    mlgit config capture.patch
    mlgit config capture.host false
    mlgit config limits.inline_file 200000
    mlgit config artifacts.copies 2
    """,
)
@click.argument("key", default="")
@click.argument("value", default="")
@shape_options
@pass_session
def config(session: Session, *, key: str, value: str, shape: Shape) -> None:
    """Show or change the settings of the team.

    They stand in `mlgit.yaml` on the branch and are shared by push: what runs record of their
    surroundings, and how much of them is kept in git. A change is a commit.
    """
    settings = session.store.settings
    known = {str(row["key"]): row for row in _rows(settings)}
    if key and key not in known:
        raise NotFound(f"there is no setting {key!r}.", "mlgit config", candidates=near(key, known))
    if value:
        _change(session, key, value)
    elif key:
        session.output.data([_text(known[key]["value"])])
    else:
        rows = list(known.values())
        columns = ["key", "value", "origin"]
        emit(session.output, shape, rows, columns, lambda: _table(session, rows))


def _rows(settings: Settings) -> Iterator[dict[str, object]]:
    from mlgit.records.settings import Settings

    default = Settings()
    for section in _SECTIONS:
        ours, theirs = getattr(settings, section), getattr(default, section)
        for name, value in ours._asdict().items():
            origin = "default" if value == getattr(theirs, name) else "mlgit.yaml"
            yield {"key": f"{section}.{name}", "value": value, "origin": origin}


def _change(session: Session, key: str, text: str) -> None:
    """Write one setting, in a commit of its own."""
    from mlgit.records import layout
    from mlgit.records.settings import dump_settings

    section, _, name = key.partition(".")
    with session.store.change(f"settings: {key} = {text}") as change:
        settings = change.snapshot.settings()
        ours = getattr(settings, section)
        value = _parsed(key, text, like=getattr(ours, name))
        changed = settings._replace(**{section: ours._replace(**{name: value})})
        change.put(layout.SETTINGS, dump_settings(changed))
    session.output.note(f"{key} is {_text(value)} for everyone who has this store")


def _parsed(key: str, text: str, like: object) -> object:
    if isinstance(like, bool):
        if text.lower() not in _TRUTH:
            raise InvalidValue(f"{key} is true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if not (text.isascii() and text.isdigit()):
        raise InvalidValue(f"{key} is a whole number, not {text!r}", f"mlgit config {key} {like}")
    return int(text)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(session: Session, rows: list[dict[str, object]]) -> list[str]:
    columns = [
        Column("SETTING", [Cell(str(row["key"])) for row in rows]),
        Column("value", [Cell(_text(row["value"])) for row in rows], right=True),
        Column("origin", [Cell(str(row["origin"]), ("dim",)) for row in rows]),
    ]
    return lay_out(columns, session.output.terminal)[0]
