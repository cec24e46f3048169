"""`mlgit artifact`: the files that runs left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlgit.cli.arguments import RUN
from mlgit.cli.command import Group
from mlgit.cli.commands.artifact_verify import verify
from mlgit.cli.document import artifact_documents
from mlgit.cli.failure import UsageError
from mlgit.cli.numbers import counted, size
from mlgit.cli.progress import moving
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    from mlgit.cli.holder import Holder
    from mlgit.records.artifact import ArtifactEntry

_PIECE = 1 << 20
_COLUMNS = ("path", "size", "sha256", "uri")


@click.group(
    cls=Group,
    examples="""
    mlgit artifact ls @last
    mlgit artifact get brisk-otter-12 -o out/
    mlgit artifact cat @last report.html > report.html
    """,
)
def artifact() -> None:
    """List, fetch, print, add or verify the artifacts of runs and models."""


artifact.add_command(verify)


@artifact.command(
    examples="""
    mlgit artifact ls @last
    mlgit artifact ls brisk-otter-12 plots --json
    mlgit artifact ls models:/m-0b7a
    """
)
@click.argument("run", type=RUN)
@click.argument("path", default="")
@shape_options
@pass_session
def ls(session: Session, *, run: str, path: str, shape: Shape) -> None:
    """List the artifacts of a run, or those below PATH.

    RUN and PATH may be one address, as in `runs:/RUN/PATH`; `models:/m-ID` is a logged model.
    """
    from mlgit.cli.holder import address, holder_of

    run, path = address(session, run, path)
    entries = _selected(holder_of(session, run)[1], path)
    emit(
        session.output,
        shape,
        artifact_documents(entries),
        _COLUMNS,
        lambda: _table(session, entries),
    )
    if not entries:
        session.output.note("This run has no artifacts.")


@artifact.command(
    examples="""
    mlgit artifact get @last
    mlgit artifact get brisk-otter-12 model.pkl -o /tmp
    mlgit artifact get brisk-otter-12 model.pkl -o models --pointer
    """
)
@click.argument("run", type=RUN)
@click.argument("path", default="")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Folder to write to; one named like the run unless said.",
)
@click.option(
    "--pointer",
    is_flag=True,
    help="Write Git LFS pointers, for `git add`, in place of large files.",
)
@pass_session
def get(session: Session, *, run: str, path: str, target: Path | None, pointer: bool) -> None:
    """Write artifacts of a run to a folder, verified.

    All of them, or those below PATH; both may be one address, as in `runs:/RUN/PATH`. What was
    written is printed. With --pointer nothing is downloaded: git then keeps Git LFS pointers to
    the bytes that `mlgit push` has sent to an `lfs:` remote.
    """
    from mlgit.artifacts.fetch import download
    from mlgit.cli.holder import address, holder_of
    from mlgit.holdings.read import sources_of

    run, path = address(session, run, path)
    whole_id, seen = holder_of(session, run)
    entries = _selected(seen, path)
    folder = target or Path(whole_id)
    folder.mkdir(parents=True, exist_ok=True)
    with moving(session.output, "downloading") as progress:
        sources = sources_of(session.store, seen, progress=progress)
        if pointer:
            from mlgit.holdings.pointers import as_pointers

            entries, sources = as_pointers(session.store, entries, sources)
        written = download(entries, sources, folder)
    session.output.data(session.output.terminal.safe(str(path)) for path in written)
    total = size(sum(entry.size for entry in entries))
    session.output.note(f"{counted(len(written), 'file')}, {total}")


@artifact.command(
    examples="""
    mlgit artifact cat @last metrics.json
    mlgit artifact cat runs:/brisk-otter-12/model.pkl > model.pkl
    """
)
@click.argument("run", type=RUN)
@click.argument("path", default="")
@pass_session
def cat(session: Session, *, run: str, path: str) -> None:
    """Write the bytes of one artifact to stdout, verified.

    RUN and PATH may be one address, as in `runs:/RUN/PATH`; `models:/m-ID` is a logged model.
    """
    from mlgit.artifacts.fetch import open_artifact
    from mlgit.cli.holder import address, holder_of
    from mlgit.holdings.read import sources_of

    run, path = address(session, run, path)
    if not path:
        raise UsageError("Which artifact?", f"mlgit artifact ls {run}")
    seen = holder_of(session, run)[1]
    entries = _selected(seen, path)
    if len(entries) != 1 or entries[0].path != path:
        raise InvalidValue(f"{path!r} is a folder", hint=f"mlgit artifact get {run} {path}")
    sys.stdout.flush()
    with open_artifact(entries[0], sources_of(session.store, seen)) as file:
        while piece := file.read(_PIECE):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@artifact.command(
    examples="""
    mlgit artifact put @last report.html
    mlgit artifact put brisk-otter-12 plots/ model.onnx --path export
    """
)
@click.argument("run", type=RUN)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE...",
)
@click.option("--path", default="", help="Folder of the run's artifacts to put them in.")
@pass_session
def put(session: Session, *, run: str, files: tuple[Path, ...], path: str) -> None:
    """Add files or folders to the artifacts of a run.

    Each under its own name; one that is there already is replaced. Of a run that has ended it is
    one commit. `mlgit push` brings the bytes to where others find them.
    """
    names = [file.resolve().name if file.name in ("", "..") else file.name for file in files]
    if len(set(names)) < len(names):
        raise InvalidValue("two of the files have the same name", hint="put them one by one")
    found = session.find(run)
    with session.logging_to(found) as live:
        added: list[ArtifactEntry] = []
        for file, name in zip(files, names, strict=True):
            target = "/".join(filter(None, (path.strip("/"), name)))
            is_folder = file.is_dir()
            added += live.add_folder(file, target) if is_folder else [live.add_file(file, target)]
    session.output.data(session.output.terminal.safe(entry.path) for entry in added)
    total = size(sum(entry.size for entry in added))
    session.output.note(f"{counted(len(added), 'file')}, {total}, added to {found.run.name}")


def _selected(seen: Holder, path: str) -> list[ArtifactEntry]:
    from mlgit.artifacts.manifest import select

    return select(seen.manifest, path.rstrip("/"))


def _table(session: Session, entries: Sequence[ArtifactEntry]) -> list[str]:
    if not entries:
        return []
    found = sorted(entries, key=lambda entry: entry.path)
    columns = [
        Column("ARTIFACT", [Cell(entry.path) for entry in found], limit=60),
        Column("size", [Cell(size(entry.size)) for entry in found], right=True),
        Column("sha256", [Cell(entry.sha256[:12]) for entry in found]),
        Column("where", [Cell(entry.uri or _where(entry)) for entry in found], limit=60),
    ]
    return lay_out(columns, session.output.terminal)[0]


def _where(entry: ArtifactEntry) -> str:
    return "git" if entry.inline else "store"
