"""Reading journals: everything whole, in order, and where something is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Damaged
from mlgit.runs import frames
from mlgit.runs.journal_records import (
    Header,
    Series,
    parse_event,
    parse_file,
    parse_header,
    parse_series,
)
from mlgit.runs.raw_points import RawPoints

if TYPE_CHECKING:
    from mlgit.runs.frames import Frame


class Gap(NamedTuple):
    """A stretch of bytes that holds no record."""

    offset: int
    length: int


class Event(NamedTuple):
    """Something that happened to the run, and how many points were logged before it."""

    position: int
    fields: dict[str, Any]


@dataclass
class JournalContent:
    """What a journal holds, as far as it was read.

    Attributes:
        header: None where it cannot be read.
        series: Definitions by number.
        points: In the order they were written.
        events: In the order they were written.
        files: Files that travel with the run, by name; the last of a name counts.
        gaps: Stretches of bytes that are no records.
        end: Byte up to which it was read; a torn record at the end may still become whole.
    """

    header: Header | None = None
    series: dict[int, Series] = field(default_factory=dict)
    points: RawPoints = field(default_factory=RawPoints)
    events: list[Event] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    end: int = 0

    def damage(self) -> str:
        """One sentence about what could not be read; empty when all could."""
        nameless = self.points.series() - self.series.keys()
        if not self.gaps and not nameless:
            return ""
        unknown = sum(point[0] in nameless for point in self.points) if nameless else 0
        lost = sum(gap.length for gap in self.gaps)
        names = f", {unknown} points without a name" if unknown else ""
        return f"{lost} damaged bytes in {len(self.gaps)} places{names}"


def read_journal(path: Path) -> JournalContent:
    """All of a journal file.

    Raises:
        OSError: The file cannot be read.
        Unsupported: A later version of mlgit wrote it.
    """
    return parse(path.read_bytes())


def follow(path: Path, content: JournalContent) -> None:
    """Add what was written to a journal since `content` was read.

    What is torn at the end may be a record that is just being written: it is read again later.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(content.end)
        extend(content, file.read())
    if content.gaps:
        last = content.gaps[-1]
        if last.offset + last.length == content.end:
            content.end = content.gaps.pop().offset


def parse(data: bytes) -> JournalContent:
    """All of a journal's bytes."""
    content = JournalContent()
    extend(content, data)
    return content


def lost_inside(data: bytes) -> str:
    """What cannot be read between the records of a journal's bytes; "" where nothing is missing.

    A torn end is none: its writer is at work, or ended before it was told that this is kept.
    """
    content = parse(data)
    if content.gaps and content.gaps[-1].offset + content.gaps[-1].length == content.end:
        content.gaps.pop()
    return content.damage()


def extend(content: JournalContent, data: bytes) -> None:
    """Add the records of `data`, which begins at byte `content.end` of the journal."""
    base, at = content.end, 0
    while at < len(data):
        at = content.points.add_lone_frames(data, at)
        if at < len(data):
            at = _extend_by_one(content, data, at, base)
    content.end = base + len(data)


def _extend_by_one(content: JournalContent, data: bytes, at: int, base: int) -> int:
    frame = frames.frame_at(data, at)
    end = frame.end if frame else frames.next_magic(data, at + 1)
    if frame is None or not _add_frame(content, frame):
        _add_gap(content, Gap(base + at, end - at))
    return end


def _add_gap(content: JournalContent, gap: Gap) -> None:
    last = content.gaps[-1] if content.gaps else Gap(-1, 0)
    if last.offset + last.length == gap.offset:
        content.gaps[-1] = Gap(last.offset, last.length + gap.length)
    else:
        content.gaps.append(gap)


def _add_frame(content: JournalContent, frame: Frame) -> bool:
    """Take one frame in; False when it says nothing that can be understood."""
    try:
        if frame.kind == frames.EVENT:
            content.events.append(Event(len(content.points), parse_event(frame.payload)))
        elif frame.kind == frames.POINTS:
            return content.points.add_rows(frame.payload)
        elif frame.kind == frames.SERIES:
            number, series = parse_series(frame.payload)
            content.series[number] = series
        elif frame.kind == frames.FILE:
            name, data = parse_file(frame.payload)
            content.files[name] = data
        elif content.header is None:
            content.header = parse_header(frame.payload)
    except Damaged:
        return False
    return True
