"""Runs under way on this machine, as their journals tell; and runs that nobody hears of."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import MlgitError
from mlgit.records.run import Run, RunStatus
from mlgit.runs import journals
from mlgit.runs.journal_read import JournalContent, follow

if TYPE_CHECKING:
    from mlgit.runs.compose import Source
    from mlgit.runs.run_view import RunView
    from mlgit.store.store import Store


def is_lost(run: Run, now: int | None = None) -> bool:
    """Whether a run that says it is RUNNING has missed its own sign of life."""
    if run.status is not RunStatus.RUNNING or run.alive_until is None:
        return False
    return run.alive_until < (times.now_ms() if now is None else now)


class LiveView:
    """What this machine's journals say of runs; keep it to read only what is new each time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contents: dict[str, dict[str, JournalContent]] = {}
        self._views: dict[str, tuple[object, RunView]] = {}

    def runs(self) -> list[Run]:
        """All runs with journals here, newest first; what cannot be read is left out."""
        found = []
        ids = journals.live_run_ids(self._store.data)
        self._forget_but(ids)
        for run_id in ids:
            try:
                view = self._of_journals(run_id)
            except (MlgitError, OSError):  # named by `mlgit doctor`; a list shows the others
                continue
            if view is not None:
                found.append(view.run)
        return sorted(found, key=lambda run: -run.start)

    def of_run(self, run_id: str, own: Source | None = None, folder: str = "") -> RunView | None:
        """One run by its whole id, live or published; None where neither is known.

        Args:
            run_id: The run.
            own: What the caller's own journal says, where not all of it is on disk.
            folder: Where it is on the branch, where the caller knows: finding it takes a walk.

        Raises:
            Damaged: Its record cannot be read.
        """
        from mlgit.runs.run_view import of_branch

        found = self._of_journals(run_id, own)
        return found or of_branch(self._store.snapshot(), self._store.data, run_id, folder)

    def _forget_but(self, ids: Sequence[str]) -> None:
        for gone in self._contents.keys() - set(ids):
            del self._contents[gone]
            self._views.pop(gone, None)

    def _of_journals(self, run_id: str, own: Source | None = None) -> RunView | None:
        sources = self._sources(run_id)
        if own is not None:
            sources = [source for source in sources if source.writer != own.writer] + [own]
        if not any(source.content.header for source in sources):
            return None  # nothing, or nothing that says more than the branch does
        # Only now: a run that is published in between is then on the branch, not in neither place.
        snapshot = self._store.snapshot()
        state = snapshot.commit, [(source.writer, source.content.end) for source in sources]
        known = self._views.get(run_id)
        if known is None or known[0] != state:
            from mlgit.runs.run_view import of_journals

            view = of_journals(snapshot, self._store.data, sources)
            known = self._views[run_id] = state, view
        return known[1]

    def _sources(self, run_id: str) -> list[Source]:
        from mlgit.runs.compose import Source

        found = []
        before = self._contents.get(run_id, {})
        for path in journals.paths_of(self._store.data, run_id):
            content = before.get(path.stem, JournalContent())
            with suppress(FileNotFoundError):  # published at this moment
                follow(path, content)
                found.append(Source(path.stem, content))
        self._contents[run_id] = {source.writer: source.content for source in found}
        return found
