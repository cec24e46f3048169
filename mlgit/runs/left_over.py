"""A journal that came back: its run was published to the end, and its removal was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.records.metrics import merge_segments
from mlgit.runs import run_state
from mlgit.runs.bury import has_ended
from mlgit.runs.compose import Source, known_of, segments_of
from mlgit.runs.journal_read import JournalContent, read_journal
from mlgit.runs.journal_records import HELPER, START
from mlgit.runs.journals import JournalEntry, Writer
from mlgit.runs.segments import points

if TYPE_CHECKING:
    from mlgit.records.run import Run
    from mlgit.runs.compose import Known
    from mlgit.store.snapshot import Snapshot


def is_left_over(snapshot: Snapshot, entry: JournalEntry) -> bool:
    """Whether the branch has the end of the run, and all that a dead writer's journal still says.

    A power cut may take the end of a journal together with its removal, while the commit, which
    waits for the disk, is safe. Read as it is, the journal would speak of a run that broke off.
    """
    header = entry.header
    if header is None or entry.writer is not Writer.DEAD or header.role == HELPER:
        return False
    content = read_journal(entry.path)
    if has_ended(content) or (header.role != START and not len(content.points)):
        return False
    try:
        known = known_of(snapshot, header.folder)
    except (Damaged, NotFound):
        return False
    if known.run is None or not known.run.status.terminal:
        return False
    return _says_nothing_new(known.run, known, content) and _has_points(
        snapshot, header.folder, Source(entry.name, content)
    )


def _says_nothing_new(run: Run, known: Known, content: JournalContent) -> bool:
    before = run_state.begin(run, known.manifest, known.inputs, "")
    after = run_state.begin(run, known.manifest, known.inputs, "")
    for event in content.events:
        if event.fields.get("do") != "status":
            run_state.apply(after, event.fields)
    return (after.whole_run(), after.manifest(), after.inputs()) == (
        before.whole_run(),
        before.manifest(),
        before.inputs(),
    )


def _has_points(snapshot: Snapshot, folder: str, source: Source) -> bool:
    there = merge_segments(snapshot.segments(folder).values())
    ours = (points(segment) for segment in segments_of(source))
    return len(merge_segments([there, *ours])) == len(there)
