"""Runs whose writer is gone, or could not publish: brought to the branch by a later command."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError, StorageFailed
from mlgit.records.run import RunStatus
from mlgit.runs import journals
from mlgit.runs.journal_read import JournalContent, read_journal
from mlgit.runs.journal_records import HELPER, pack_event
from mlgit.runs.journals import JournalEntry, Writer
from mlgit.runs.process_identity import rebooted
from mlgit.runs.publish import ORDERLY, publish_run

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store


@dataclass(frozen=True)
class Recovered:
    """One run that was brought to the branch, or could not be.

    Attributes:
        run_id: The run.
        commit: Where it is now; None where it failed or nothing was to be done.
        problem: Why it failed, None where it did not.
    """

    run_id: str
    commit: Oid | None
    problem: MlgitError | None = None


def recover(store: Store, *, include_foreign: bool = False) -> list[Recovered]:
    """Publish the runs whose writers have ended without doing so; cheap where there are none.

    A run is left alone while any of its writers may live. Journals of other hosts are looked at
    only with `include_foreign`, and only once they have been silent for ten minutes. Nothing is
    raised for one run's sake: the others are tried, too.
    """
    writers = ORDERLY | ({Writer.EXPIRED} if include_foreign else set())
    found = []
    for run_id in journals.live_run_ids(store.data):
        try:
            done = _recover_run(store, run_id, frozenset(writers))
        except MlgitError as error:
            done = Recovered(run_id, None, error)
        except OSError as error:
            problem = StorageFailed(f"a journal of run {run_id} cannot be read: {error}")
            done = Recovered(run_id, None, problem)
        if done is not None:
            found.append(done)
    return found


def _recover_run(store: Store, run_id: str, writers: frozenset[Writer]) -> Recovered | None:
    entries = list(journals.journals_of(store.data, run_id))
    if not entries:
        with suppress(OSError):  # a run that ended in between has left its folder
            (journals.live_folder(store.data) / run_id).rmdir()
        return None
    if any(entry.writer not in writers for entry in entries):
        return None
    with journals.publishing(store.data, run_id):
        for entry in entries:
            bury(entry)
    return Recovered(run_id, publish_run(store, run_id, writers=writers))


def bury(entry: JournalEntry) -> None:
    """Write into a dead writer's journal how its run ended, so that it says so for ever.

    FAILED, as a process that ends without a word has; KILLED where the machine went down under it.

    Raises:
        OSError: The disk refused.
    """
    if entry.writer not in (Writer.DEAD, Writer.EXPIRED) or entry.header is None:
        return
    if entry.header.role == HELPER:
        return
    content = read_journal(entry.path)
    if _has_ended(content):
        return
    killed = rebooted(entry.header.process)
    status = RunStatus.KILLED if killed else RunStatus.FAILED
    end = max(int(entry.path.stat().st_mtime * 1000), entry.header.created)
    record = pack_event({"do": "status", "status": status.value, "end": end, "at": end})
    with entry.path.open("ab") as file:
        file.write(record)


def _has_ended(content: JournalContent) -> bool:
    statuses = [e.fields["status"] for e in content.events if e.fields.get("do") == "status"]
    return bool(statuses) and RunStatus(statuses[-1]).terminal
