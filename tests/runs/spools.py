"""Jobs that record into a spool."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from mlgit.runs import begin
from mlgit.runs.live import ActiveRun
from mlgit.runs.spool.folder import open_to_record
from mlgit.store.store import Store

LONG_AGO = 3600.0  # seconds; longer than any lease


def job(place: Path, experiment: str = "churn", *, name: str = "") -> ActiveRun:
    """A run under way in the spool that the environment names, with one point and artifacts."""
    run = begin.start(open_to_record(place), experiment, begin.RunRequest(name=name))
    run.log_metric("acc", 0.5, 1)
    run.log_params({"lr": "0.1"})
    run.add_bytes(b"small", "notes.txt")
    return run


def finished(place: Path, experiment: str = "churn", *, big: bytes = b"") -> str:
    """The id of a job's finished run; `big` is logged as an artifact."""
    run = job(place, experiment)
    if big:
        run.add_bytes(big, "model.bin")
    run.finish()
    return run.id


def killed(place: Path) -> str:
    """The id of a run whose job was killed an hour ago."""
    run = job(place)
    store = run._session.store
    taken = [(path, path.read_bytes()) for path in journals(store.data) if run.id in path.parts]
    run.finish()
    for path, data in taken:
        path.write_bytes(data)
        age(path)
    return run.id


def journals(spool: Path) -> list[Path]:
    """All journals of a spool."""
    return sorted(spool.rglob("*.journal"))


def age(path: Path) -> None:
    """Make a file as old as one of a writer that is long gone."""
    then = path.stat().st_mtime - LONG_AGO
    os.utime(path, (then, then))


def copied(spool: Path, name: str) -> Path:
    """A copy of a spool with the times of its files."""
    return Path(shutil.copytree(spool, spool.with_name(name)))


def runs_of(store: Store) -> set[str]:
    """Ids of the runs on the branch."""
    snapshot = store.snapshot()
    return {snapshot.run(folder).id for folder in snapshot.run_folders()}
