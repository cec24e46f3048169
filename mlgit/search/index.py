"""Search through an index of the branch: the same answers as a scan, only faster."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import StorageFailed
from mlgit.search import database, lookup
from mlgit.search.document import Unreadable
from mlgit.search.freshness import Stale, shows
from mlgit.search.question import EVERY_RUN, Question

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.run import Run
    from mlgit.search.lookup import Found
    from mlgit.search.match import Subject
    from mlgit.search.order import Keys
    from mlgit.store.snapshot import Damage
    from mlgit.store.store import Store

T = TypeVar("T")


class Index:
    """The index of one store; every answer shows the branch as it is when it is asked for.

    It lives in the store's cache and may be deleted at any time. Where the cache cannot be
    written the index is held in memory. A context manager that lets go of that memory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory: sqlite3.Connection | None = None
        self._lock = Lock()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of an index held in memory."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    @property
    def path(self) -> Path:
        """The file of the index."""
        branch = self._store.branch.name
        if branch == "mlgit":
            return self._store.cache / "index.db"
        from hashlib import sha256

        special = sha256(branch.encode()).hexdigest()[:8]
        return self._store.cache / f"index-{special}.db"

    def refresh(self) -> None:
        """Bring the index to the branch as of now; every question does so by itself.

        Raises:
            NoStore: The branch is gone.
        """
        self.ask(lambda _: None)

    def search(
        self,
        question: Question = EVERY_RUN,
        *,
        limit: int | None = None,
        offset: int = 0,
        live: Sequence[Run | Subject] = (),
    ) -> list[Run]:
        """The runs asked for, in order.

        Args:
            question: Which runs, in which order.
            limit: At most so many; all for None.
            offset: How many to leave out before.
            live: Runs that are not on the branch yet; they stand in the place of runs there
                that have their ids. A `Subject` brings its experiment's name and its datasets.
        """
        return [one.run for one in self.find(question, limit=limit, offset=offset, live=live)]

    def find(
        self,
        question: Question = EVERY_RUN,
        *,
        limit: int | None = None,
        offset: int = 0,
        live: Sequence[Run | Subject] = (),
    ) -> list[Found]:
        """As `search`, with the folder of each run and its experiment's name."""
        return self.ask(lambda rows: lookup.find(rows, question, limit, offset, live))

    def count(self, question: Question = EVERY_RUN, live: Sequence[Run | Subject] = ()) -> int:
        """How many runs `search` would give without a limit."""
        return self.ask(lambda rows: lookup.count(rows, question, live))

    def keys(self) -> Keys:
        """The keys of metrics, parameters and tags that are in use."""
        return self.ask(lookup.keys)

    def experiments(self) -> list[Experiment]:
        """Every experiment, also deleted ones, by folder."""
        return self.ask(lookup.experiments)

    def datasets(
        self, experiment_ids: Sequence[str], most: int = 1_000
    ) -> list[tuple[str, str, str, str]]:
        """Experiment id, name, digest and context of what the runs of experiments read."""
        return self.ask(lambda rows: lookup.datasets(rows, experiment_ids, most))

    def damage(self) -> list[Damage]:
        """Records that cannot be used and folders that cannot be listed, by path."""
        return self.ask(lookup.damage)

    def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """What `question` finds in the tables, in one state, which is that of the branch now."""
        for _ in range(2):
            if self._memory is not None:
                break
            try:
                return self._ask_file(question)
            except sqlite3.OperationalError:
                break  # locked for too long, or it cannot be written: the file may be good
            except (Stale, Unreadable, sqlite3.DatabaseError):
                with suppress(OSError):
                    database.remove(self.path)
            except OSError:
                break
        with self._lock:
            return self._ask_memory(question)

    def _ask_file(self, question: Callable[[sqlite3.Connection], T]) -> T:
        if not self.path.exists():
            with suppress(StorageFailed):
                self._store.make_folders()
        with closing(database.connect(self.path)) as connection:
            return self._answer(connection, question)

    def _ask_memory(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._answer(self._in_memory(), question)
        except Stale:
            self.close()
            return self._answer(self._in_memory(), question)

    def _in_memory(self) -> sqlite3.Connection:
        if self._memory is None:
            self._memory = database.connect(None)
        return self._memory

    def _answer(
        self, connection: sqlite3.Connection, question: Callable[[sqlite3.Connection], T]
    ) -> T:
        if not self._is_current(connection):
            from mlgit.search.update import update

            update(connection, self._store.snapshot, self._store.repository.objects)
        with database.transaction(connection):
            return question(connection)

    def _is_current(self, connection: sqlite3.Connection) -> bool:
        tip = self._store.branch.readable()
        with database.transaction(connection):
            return tip is not None and shows(connection, tip[0])
