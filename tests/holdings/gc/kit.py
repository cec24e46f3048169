"""What the tests of the clean-up share."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mlgit.artifacts.cache import ObjectCache
from mlgit.holdings.gc.beside import Surroundings
from mlgit.holdings.gc.clean import Cleaned, clean_here
from mlgit.holdings.gc.plan import DAY, Wish
from mlgit.runs import begin
from mlgit.runs.journal_read import lost_inside
from mlgit.store.store import Store

AROUND = Surroundings(lost_inside)
MONTH = 30 * DAY


def cache(store: Store) -> ObjectCache:
    return ObjectCache(store.data / "objects")


def unnamed(store: Store) -> str:
    """Bytes in the store that nothing ever named; their digest."""
    return cache(store).put_bytes(os.urandom(1000))[0]


def record(store: Store, data: bytes | None = None, *, finish: bool = True) -> tuple[str, str]:
    """A run with an artifact that is too big for git: (run id, digest)."""
    run = begin.start(store, "churn")
    entry = run.add_bytes(data or os.urandom(150_000), "model.bin")
    if finish:
        run.finish()
    else:
        run._session.journal.file.close()  # as a program that was killed
    return run.id, entry.sha256


def folder_of(store: Store, run_id: str) -> str:
    [folder] = store.snapshot().find_run(run_id)
    return folder


def clean(
    store: Store,
    *,
    later: float = MONTH,
    purged: bool = False,
    delete: bool = True,
    spools: tuple[Path, ...] = (),
) -> Cleaned:
    """A clean-up `later` seconds from now."""
    wish = Wish(time.time() + later, purged=purged)
    return clean_here(store, AROUND._replace(spools=spools), wish, delete=delete)


def aside(store: Store) -> set[str]:
    """The digests that were put aside."""
    return {path.name for path in (store.data / "objects" / "trash").rglob("*") if path.is_file()}
