"""The last word of a writer that ended without one."""

from __future__ import annotations

import os

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
    header = entry.header
    if entry.writer not in (Writer.DEAD, Writer.EXPIRED) or header is None:
        return
    if header.role == HELPER or has_ended(read_journal(entry.path)):
        return
    went_down = entry.writer is Writer.DEAD and rebooted(header.process)
    status = RunStatus.KILLED if went_down else RunStatus.FAILED
    last = entry.path.stat()
    end = max(last.st_mtime_ns // 1_000_000, header.created)
    record = pack_event({"do": "status", "status": status.value, "end": end, "at": end})
    with entry.path.open("ab") as file:
        file.write(record)
    os.utime(entry.path, ns=(last.st_atime_ns, last.st_mtime_ns))  # it was the writer's last moment


def has_ended(content: JournalContent) -> bool:
    """Whether a journal says how its run ended."""
    statuses = [e.fields["status"] for e in content.events if e.fields.get("do") == "status"]
    return bool(statuses) and RunStatus(statuses[-1]).terminal
