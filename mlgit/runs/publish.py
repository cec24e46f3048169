"""Journals to the branch: all writers of a run on this machine in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.runs import journals
from mlgit.runs.bury import bury
from mlgit.runs.compose import Source, compose
from mlgit.runs.history import outlet_of
from mlgit.runs.journal_read import JournalContent, read_journal
from mlgit.runs.journal_records import HELPER, START
from mlgit.runs.journals import ORDERLY, JournalEntry, Writer
from mlgit.runs.left_over import is_left_over

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store


class Own(NamedTuple):
    """The caller's own journal, as it holds it.

    Attributes:
        writer: The journal's name among those of the run.
        content: What it says, with what only memory holds.
        sealed: It goes on; only what lies before its last checkpoint goes out.
        alive_until: Milliseconds UTC until which its run counts as alive.
    """

    writer: str
    content: JournalContent
    sealed: bool = False
    alive_until: int | None = None


def publish_run(
    store: Store,
    run_id: str,
    own: Own | None = None,
    writers: frozenset[Writer] = ORDERLY,
) -> Oid | None:
    """Put what the journals of a run say on the branch.

    Journals of other writers are taken along where what became of them is among `writers`. When
    this returns a commit, it is on disk and verified, and the journals that are through are
    shelved. Publishing the same journals again changes nothing.

    Returns:
        The commit; None when there are no journals, or when the caller only joined the run and
        those that carry it on will take its journal along.

    Raises:
        Damaged, NotFound, InvalidValue: The run cannot be published as it is.
        StorageFailed, Conflict, Unsupported: The branch cannot be written; nothing is lost.
    """
    store.make_folders()
    with journals.publishing(store.data, run_id):
        entries = list(journals.journals_of(store.data, run_id, own.writer if own else ""))
        if own is not None and _is_left_to_others(own, entries):
            return None
        through = [entry for entry in entries if entry.writer in writers]
        for entry in [entry for entry in through if is_left_over(store.snapshot(), entry)]:
            journals.shelve(store.data, entry.path, run_id, store.snapshot().commit)
            through.remove(entry)
        for entry in through:
            bury(entry)
        sources = [Source(entry.name, read_journal(entry.path)) for entry in through]
        if own is not None:
            sources.append(Source(own.writer, own.content, own.sealed))
        if not sources:
            return None
        commit = _publish(store, sources, own)
        done = [entry.path for entry in through]
        if own is not None and not own.sealed:
            done.append(journals.path_of(store.data, run_id, own.writer))
        for path in done:
            journals.shelve(store.data, path, run_id, commit)
        return commit


def _is_left_to_others(own: Own, entries: Sequence[JournalEntry]) -> bool:
    """Whether a writer that joined the run ends before those that carry it on.

    They take its journal along; each closes its own before it looks here, so the last one does.
    """
    header = own.content.header
    if header is None or header.role == START or own.sealed:
        return False
    return any(
        entry.writer in (Writer.LIVE, Writer.FOREIGN)
        and entry.header is not None
        and entry.header.role != HELPER
        for entry in entries
    )


def _publish(store: Store, sources: Sequence[Source], own: Own | None) -> Oid:
    alive_until = own.alive_until if own else None
    outlet = outlet_of(store)
    return store.publish(compose(store.snapshot(), sources, store.writer, outlet, alive_until))
