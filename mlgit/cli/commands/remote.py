"""`mlgit remote`: where the team keeps artifacts, and which of those places may be used here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Group
from mlgit.cli.numbers import counted, size
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out

if TYPE_CHECKING:
    from mlgit.holdings.remotes import ArtifactRemote

_COLUMNS = ("name", "url", "trusted")


@click.group(
    cls=Group,
    examples="""
    mlgit remote add main s3://bucket/prefix
    mlgit remote add main /mnt/shared/artifacts
    mlgit remote list
    mlgit remote trust main
    """,
)
def remote() -> None:
    """Name the places where artifacts are kept for all.

    They stand in `mlgit.yaml` on the branch. One that came with a clone is not used, not even
    asked, before this user trusts its URL; a URL that changes has to be trusted anew.
    """


@remote.command(
    examples="""
    mlgit remote add main s3://bucket/prefix
    mlgit remote add main lfs:origin
    """
)
@click.argument("name")
@click.argument("url")
@pass_session
def add(session: Session, *, name: str, url: str) -> None:
    """Name a place for everyone, in a commit, and trust it here.

    URL is s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, ssh://host/path, a
    mounted folder, or lfs:REMOTE for the git host itself. It holds no password: credentials come
    from the environment of whoever uses it.
    """
    from mlgit.holdings.only_here import sizes_only_here
    from mlgit.holdings.remotes import add_remote

    add_remote(session.store, name, url)
    session.output.note(f"{name} is {url} for everyone who has this store")
    kept = sizes_only_here(session.store).values()
    if kept:
        what = f"{counted(len(kept), 'artifact')} ({size(sum(kept))})"
        session.output.note(f"the next `mlgit push` sends there what it names of {what} kept here")


@remote.command(
    "list",
    examples="""
    mlgit remote list
    mlgit remote list --json
    """,
)
@shape_options
@pass_session
def list_(session: Session, *, shape: Shape) -> None:
    """List the places, and whether they are trusted here; none is contacted."""
    from mlgit.holdings.remotes import artifact_remotes

    found = artifact_remotes(session.store)
    documents = [one._asdict() for one in found]
    emit(session.output, shape, documents, _COLUMNS, lambda: _table(session, found))
    if not found:
        session.output.note("No artifact remote yet: mlgit remote add main URL")


@remote.command(
    examples="""
    mlgit remote remove backup
    mlgit remote remove main && mlgit remote add main s3://bucket/prefix
    """
)
@click.argument("name")
@pass_session
def remove(session: Session, *, name: str) -> None:
    """Take a place out of the settings, in a commit; what is kept there stays there."""
    from mlgit.holdings.remotes import remove_remote

    url = remove_remote(session.store, name)
    session.output.note(f"{name} is no remote any more; what {url} keeps stays there")


@remote.command(
    examples="""
    mlgit remote trust main
    mlgit remote trust main && mlgit push
    """
)
@click.argument("name")
@pass_session
def trust(session: Session, *, name: str) -> None:
    """Let mlgit use the URL that the branch gives for NAME, with this user's credentials."""
    from mlgit.holdings.remotes import url_of
    from mlgit.holdings.trust import trust as put_on_list

    url = url_of(session.store, name)
    put_on_list(url)
    session.output.note(f"{url} is trusted; `mlgit push` sends artifacts there, reads get them")


@remote.command(
    examples="""
    mlgit remote untrust main
    mlgit remote untrust backup
    """
)
@click.argument("name")
@pass_session
def untrust(session: Session, *, name: str) -> None:
    """Use the URL of NAME no more, until it is trusted again."""
    from mlgit.holdings.remotes import artifact_remotes, url_of
    from mlgit.holdings.trust import untrust as take_off_list

    url = url_of(session.store, name)
    take_off_list(url)
    if any(one.trusted for one in artifact_remotes(session.store) if one.url == url):
        hint = "unset MLGIT_TRUSTED_REMOTES, or git remote remove NAME for lfs:NAME"
        session.output.warn(f"{url} is trusted still, by the environment or this clone", hint)
    else:
        session.output.note(f"{url} is not used any more")


def _table(session: Session, found: Sequence[ArtifactRemote]) -> list[str]:
    if not found:
        return []
    columns = [
        Column("REMOTE", [Cell(one.name) for one in found]),
        Column("url", [Cell(one.url) for one in found]),
        Column("trusted", [Cell("yes" if one.trusted else "no") for one in found]),
    ]
    return lay_out(columns, session.output.terminal)[0]
