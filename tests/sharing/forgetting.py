"""Helpers of the tests of forgetting: runs, clones, and whether a text is anywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from mlgit.records.run import load_purged
from mlgit.runs import begin
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.support.repos import git

Clone = Callable[[str], Store]
SECRET = "hunter2-9f3c1e7a5b"


def record(store: Store, value: float = 0.9, **params: str) -> str:
    """A finished run with these parameters; its id."""
    run = begin.start(store, "churn")
    run.log_metric("acc", value)
    if params:
        run.log_params(params)
    run.finish()
    return run.id


def folder_of(store: Store, run_id: str) -> str:
    """Where a run lies."""
    [folder] = store.snapshot().find_run(run_id)
    return folder


def ids(store: Store) -> set[str]:
    """The runs of a store that were not forgotten."""
    snapshot = store.snapshot()
    folders = list(snapshot.run_folders())
    stubs = {f for f in folders if load_purged(snapshot.read(f"{f}/run.yaml") or b"") is not None}
    return {snapshot.run(folder).id for folder in folders if folder not in stubs}


def share(*stores: Store) -> None:
    """Sync each with its remote."""
    for store in stores:
        sync(store, transport_of(store))


def top(store: Store) -> Path:
    """The work tree of a clone."""
    assert store.home.work_tree is not None
    return store.home.work_tree


def is_anywhere(place: Path, secret: str = SECRET) -> bool:
    """Whether any object holds it after git has cleaned up, or any file beside them."""
    git(place, "gc", "-q", "--prune=now", check=True)
    wanted = secret.encode()
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    done = subprocess.run(objects, cwd=place, capture_output=True, check=True)
    common = place / ".git" if (place / ".git").is_dir() else place
    files = [file for file in (common / "mlgit").rglob("*") if file.is_file()]
    return wanted in done.stdout or any(wanted in file.read_bytes() for file in files)


def assert_one_and_clean(remote: Path, *stores: Store) -> None:
    """All come to one store in which, and in whose clones, the text is nowhere."""
    share(*stores, *stores)
    assert len({store.branch.tip() for store in stores}) == 1
    for store in stores:
        assert check(store.snapshot(), deep=True) == []
        assert not is_anywhere(top(store))
    assert not is_anywhere(remote)
