"""What the parts of a live run share: its store, its journal and its state so far."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlgit.records.fields import next_edit
from mlgit.runs import run_state

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.runs.journal import Journal
    from mlgit.runs.run_state import RunState
    from mlgit.store.store import Store


@dataclass
class Session:
    """One process's view of one run under way; `files` are the small artifacts it took in."""

    store: Store
    experiment: Experiment
    journal: Journal
    state: RunState
    files: dict[str, bytes] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def happens(self, event: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> None:
        """Write an event down, with the files it speaks of, and let it count."""
        with self.lock:
            # Of a published run: later than all edits of it that were seen, whoever's clock.
            stamped = {**event, "at": next_edit(self.state.run.edits, "").at}
            self.journal.append_event(stamped, files)
            run_state.apply(self.state, stamped)

    def forked(self) -> None:
        """Forget a lock that a thread of the parent may have held at the fork."""
        self.lock = threading.RLock()
