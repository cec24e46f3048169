"""The last word of a writer that ended without one."""

from __future__ import annotations

import os
from pathlib import Path

from mlgit.records.run import RunStatus
from mlgit.runs.journal_read import JournalContent, read_journal
from mlgit.runs.journal_records import HELPER, pack_event
from mlgit.runs.journals import JournalEntry, Writer
from mlgit.runs.process_identity import rebooted


def bury(entry: JournalEntry) -> None:
    """Write into a dead writer's journal how its run ended, so that it says so for ever.

    FAILED, as a process that ends without a word has; KILLED where the machine went down under it.
    The caller holds the run's `journals.publishing` lock.

    Raises:
        OSError: The disk refused.
    """
    if entry.writer not in (Writer.DEAD, Writer.EXPIRED) or entry.header is None:
        return
    record = last_word(entry.path, read_journal(entry.path), entry.writer)
    if not record:
        return
    last = entry.path.stat()
    with entry.path.open("ab") as file:
        file.write(record)
    os.utime(entry.path, ns=(last.st_atime_ns, last.st_mtime_ns))  # it was the writer's last moment


def last_word(path: Path, content: JournalContent, writer: Writer) -> bytes:
    """The record that says how the run of a journal ended; empty where that is said, or not its.

    Raises:
        OSError: The file cannot be looked at.
    """
    header = content.header
    if header is None or header.role == HELPER or has_ended(content):
        return b""
    went_down = writer is Writer.DEAD and rebooted(header.process)
    status = RunStatus.KILLED if went_down else RunStatus.FAILED
    end = max(path.stat().st_mtime_ns // 1_000_000, header.created)
    return pack_event({"do": "status", "status": status.value, "end": end, "at": end})


def has_ended(content: JournalContent) -> bool:
    """Whether a journal says how its run ended."""
    statuses = [e.fields["status"] for e in content.events if e.fields.get("do") == "status"]
    return bool(statuses) and RunStatus(statuses[-1]).terminal
