"""The runs of a spool, or of another clone's data folder: who writes them, and what they say.

Nothing is asked of a process here: its number means nothing on another machine or in a container.
What counts is the writer's own last word, and how long it has been silent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlgit import times
from mlgit.artifacts.streams import open_file
from mlgit.errors import Damaged, InvalidValue
from mlgit.git.files import read_file
from mlgit.records import layout
from mlgit.runs.bury import last_word
from mlgit.runs.compose import Source, first_header
from mlgit.runs.journal_file import SUFFIX
from mlgit.runs.journal_read import JournalContent, parse
from mlgit.runs.journal_records import CLOSE
from mlgit.runs.journals import LEASE_MS, Writer, is_closed, live_folder, published_folder

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Spooled(NamedTuple):
    """One run of a spool; `writer` is CLOSED only where every writer let go of it in order."""

    run_id: str
    paths: tuple[Path, ...]
    writer: Writer


class Said(NamedTuple):
    """What the journals of a run say.

    Attributes:
        sources: By path; those that hold nothing are left out.
        sizes: Bytes that were read of each.
        words: What is to be added to the journals of writers that ended without a word.
    """

    sources: dict[Path, Source]
    sizes: dict[Path, int]
    words: dict[Path, bytes]


def spooled(data: Path, now: int) -> Iterator[Spooled]:
    """The runs with journals in `data`, by id; `now` in ms as its file system counts it."""
    for run_id in _names(live_folder(data)):
        folder = live_folder(data) / run_id
        # Another user's folder, or a link that may lead anywhere: reading it says so.
        paths: tuple[Path, ...] = (folder,)
        with suppress(PermissionError):
            if not folder.is_symlink():
                paths = tuple(folder / name for name in _names(folder) if name.endswith(SUFFIX))
        if paths:
            yield Spooled(run_id, paths, _worst(paths, now))


def recorded(data: Path, now: int) -> Iterator[Spooled]:
    """As `spooled`, with what another clone published in the last hours.

    A copy made in between may have neither the run's live journal nor its commit.
    """
    found: dict[str, list[Path]] = {}
    for hour in _names(published_folder(data)):
        for name in _names(published_folder(data) / hour):
            run_id, dot, rest = name.partition(".")
            if dot and rest.endswith(SUFFIX) and rest.count(".") == 2:
                found.setdefault(run_id, []).append(published_folder(data) / hour / name)
    for run in spooled(data, now):
        more = found.pop(run.run_id, [])
        yield run._replace(paths=(*more, *run.paths))
    for run_id in sorted(found):
        yield Spooled(run_id, tuple(found[run_id]), Writer.CLOSED)


def remains(data: Path, now: int) -> Iterator[Path]:
    """Folders of runs that a killed flush has taken all journals out of, and not the rest."""
    for run_id in _names(live_folder(data)):
        folder = live_folder(data) / run_id
        with suppress(OSError):
            silent = now - folder.stat().st_mtime_ns // 1_000_000
            if silent > LEASE_MS and not any(one.endswith(SUFFIX) for one in _names(folder)):
                yield folder


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted
    except (FileNotFoundError, NotADirectoryError):
        return []


def clock_of(data: Path) -> int:
    """Milliseconds as the file system of `data` counts them; a server's clock may be another."""
    path = data / ".clock"
    try:
        path.touch(0o600)
        now = path.stat().st_mtime_ns // 1_000_000
        path.unlink()
    except OSError:
        return times.now_ms()
    return now


def _worst(paths: tuple[Path, ...], now: int) -> Writer:
    """What keeps the run from being taken: a writer that may live, else one that fell silent."""
    order = (Writer.FOREIGN, Writer.EXPIRED, Writer.CLOSED)
    return min((_writer_of(path, now) for path in paths), key=order.index)


def _writer_of(path: Path, now: int) -> Writer:
    try:
        with open_file(path) as file:
            if is_closed(file):
                return Writer.CLOSED
            silent = now - os.fstat(file.fileno()).st_mtime_ns // 1_000_000
    except (OSError, InvalidValue):  # gone meanwhile, or not to be read: reading it says why
        return Writer.CLOSED
    return Writer.EXPIRED if silent > LEASE_MS else Writer.FOREIGN


def read(run: Spooled) -> Said:
    """All that the journals of a run say.

    Raises:
        OSError: One cannot be read; FileNotFoundError where another command has taken it.
        Damaged: They do not say which run this is, or speak of another one.
        Unsupported: A later version of mlgit wrote one.
    """
    said = Said({}, {}, {})
    for path in run.paths:
        data = read_file(path, _NO_FOLLOW)
        said.sizes[path] = len(data)
        if not data.strip(b"\0"):
            continue
        content = parse(data)
        word = b"" if _has_closed(content) else last_word(path, content, Writer.EXPIRED)
        if word:
            content.events.extend(parse(word).events)
            said.words[path] = word
        said.sources[path] = Source(_name(path), content)
    if said.sources:
        _require_consistent(run.run_id, list(said.sources.values()))
    return said


def _name(path: Path) -> str:
    """A journal's name among those of its run, also of a published one."""
    return path.name.split(".")[-3] if path.name.count(".") > 2 else path.stem


def _has_closed(content: JournalContent) -> bool:
    return bool(content.events) and content.events[-1].fields.get("do") == CLOSE


def _require_consistent(run_id: str, sources: list[Source]) -> None:
    """Where a run goes is said by a file that anybody may have written."""
    header = first_header(sources)
    where = layout.parse_path(f"{header.folder}/{layout.RUN}")
    home = layout.parse_path(layout.experiment_path(header.experiment_folder))
    if home is None or where is None or where.kind != "run":
        raise Damaged(f"the journal puts its run where none may be: {header.folder[:200]!r}")
    if where.run_id != layout.run_part(run_id):
        raise Damaged(f"the journal puts its run where another is: {header.folder[:200]!r}")
