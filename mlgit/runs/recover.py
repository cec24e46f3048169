"""Runs whose writer is gone, or could not publish: brought to the branch by a later command."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError, StorageFailed
from mlgit.runs import journals
from mlgit.runs.journals import ORDERLY, JournalEntry, Writer

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store


class Recovered(NamedTuple):
    """One run that was brought to the branch, or could not be.

    Attributes:
        run_id: The run.
        commit: Where it is now; None where it failed.
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


def _is_empty(entry: JournalEntry) -> bool:
    """Whether a power cut has left nothing of a journal but a file of zeros."""
    if entry.header is not None or entry.writer is not Writer.DEAD:
        return False
    return not entry.path.read_bytes().strip(b"\0")


def _recover_run(store: Store, run_id: str, writers: frozenset[Writer]) -> Recovered | None:
    entries = list(journals.journals_of(store.data, run_id))
    empty = [entry for entry in entries if _is_empty(entry)]
    for entry in empty:
        entry.path.unlink(missing_ok=True)
    if len(entries) == len(empty):
        with suppress(OSError):  # a run that ended in between has left its folder
            (journals.live_folder(store.data) / run_id).rmdir()
        return None
    if any(entry.writer not in writers for entry in entries):
        return None
    from mlgit.runs.publish import publish_run

    commit = publish_run(store, run_id, writers=writers)
    return Recovered(run_id, commit) if commit else None
