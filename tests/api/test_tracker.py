"""Runs that one process has open: when what is added to them reaches the branch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mlgit
from mlgit import tracker as trackers
from mlgit.store.store import Store


def finished_run(name: str = "done") -> str:
    with mlgit.start_run(run_name=name) as run:
        mlgit.log_metric("m", 1.0)
    return run.info.run_id


def on_branch(store: Store, run_id: str) -> dict[str, float]:
    snapshot = store.snapshot()
    (folder,) = snapshot.find_run(run_id)
    return {key: summary.last for key, summary in snapshot.run(folder).metrics.items()}


def commits(store: Store) -> int:
    count = subprocess.run(
        ["git", "rev-list", "--count", "mlgit"], cwd=store.home.work_tree, capture_output=True
    )
    return int(count.stdout)


def test_many_additions_to_an_ended_run_are_one_commit(store: Store) -> None:
    run_id = finished_run()
    before = commits(store)
    for step in range(20):
        mlgit.log_metric("late", float(step), step=step, run_id=run_id)
    assert mlgit.get_run(run_id).data.metrics == {"m": 1.0, "late": 19.0}
    mlgit.flush_async_logging()
    assert on_branch(store, run_id) == {"m": 1.0, "late": 19.0}
    assert commits(store) == before + 1


def test_only_a_few_ended_runs_are_kept_open(store: Store) -> None:
    run_ids = [finished_run(f"r{number}") for number in range(10)]
    for run_id in run_ids:
        mlgit.log_metric("late", 2.0, run_id=run_id)
    assert on_branch(store, run_ids[0]) == {"m": 1.0, "late": 2.0}
    assert mlgit.get_run(run_ids[-1]).data.metrics["late"] == 2.0


@pytest.mark.usefixtures("store")
def test_an_ended_run_is_found_through_the_index() -> None:
    client = mlgit.MlgitClient()
    ids = [client.create_run("0", start_time=n * 86_400_000).info.run_id for n in range(30)]
    for run_id in ids:
        client.set_terminated(run_id)
    mlgit.search_runs()
    trackers.forget()
    client = mlgit.MlgitClient()
    client.set_tag(ids[7], "seen", "yes")
    read = client.tracker.store.repository.objects._memory.listings
    assert len(read) < 20  # trees; there is one of each day
    assert client.get_run(ids[7]).data.tags["seen"] == "yes"
    with mlgit.start_run(run_id=ids[8]) as run:
        assert run.info.run_id == ids[8]


def test_what_was_added_is_on_the_branch_when_the_program_ends(store: Store) -> None:
    run_id = finished_run()
    code = f"import mlgit; mlgit.MlgitClient().log_metric({run_id!r}, 'late', 3.0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert on_branch(store, run_id) == {"m": 1.0, "late": 3.0}


def test_a_run_made_by_one_program_is_ended_by_another(store: Store) -> None:
    code = "import mlgit; print(mlgit.MlgitClient().create_run('0').info.run_id)"
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    run_id = made.stdout.strip()
    client = mlgit.MlgitClient()
    assert client.get_run(run_id).info.status == "RUNNING"
    client.log_metric(run_id, "m", 1.0)
    client.set_terminated(run_id, "FINISHED", end_time=2_000_000_000_000)
    run = client.get_run(run_id)
    assert (run.info.status, run.info.end_time) == ("FINISHED", 2_000_000_000_000)
    assert on_branch(store, run_id) == {"m": 1.0}


def test_a_run_whose_program_was_killed_is_recovered_by_the_next(store: Store) -> None:
    code = (
        "import mlgit, os, signal\n"
        "run = mlgit.start_run()\n"
        "mlgit.log_metric('m', 1.0)\n"
        "print(run.info.run_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    run_id = killed.stdout.strip()
    assert mlgit.get_run(run_id).info.status == "FAILED"
    assert on_branch(store, run_id) == {"m": 1.0}


@pytest.mark.usefixtures("store")
def test_one_store_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = mlgit.MlgitClient()
    assert mlgit.MlgitClient().tracker is first.tracker
    (tmp_path / "project" / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "project" / "sub")
    assert mlgit.MlgitClient().tracking_uri.endswith("/sub")
