"""kill -9 of a spooling job, a flush and an import at the calls that change the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

SAMPLES = [6, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]

FLUSH = [sys.executable, "-m", "mlgit", "-C", "project", "flush", "../spool"]

JOBS = """
import sys, mlgit
for number in range(int(sys.argv[1])):
    with mlgit.start_run():
        mlgit.log_param("number", number)
        mlgit.log_metric("acc", number / 7, step=1)
        mlgit.log_artifact("model.bin")
        print(mlgit.active_run().info.run_id)
"""


def spooled(place: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of runs that jobs outside of any repository have left in `place / "spool"`."""
    place.mkdir(exist_ok=True)
    (place / "model.bin").write_bytes(bytes(200_000))
    with monkeypatch.context() as patch:
        patch.setenv("MLGIT_SPOOL", str(place / "spool"))
        done = subprocess.run(
            [sys.executable, "-c", JOBS, str(count)],
            cwd=place,
            text=True,
            capture_output=True,
            check=True,
        )
    return set(done.stdout.split())


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_killed_flush_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int | None
) -> None:
    prepared = tmp_path / "prepared"
    made = spooled(prepared, 3, monkeypatch)
    make_store(prepared / "project")
    before = footprint(prepared / "project")

    def oracle(place: Path, _: KillPoint) -> None:
        project, spool = place / "project", place / "spool"
        left = {path.parent.name for path in spool.rglob("*.journal")}
        assert made <= left | set(recorded(project))
        mlgit(project, "flush", str(spool))
        runs = recorded(project)
        assert all(runs[one]["metrics"] for one in made)
        assert len(runs) == len(made) + 1
        assert not list(spool.rglob("*.journal"))
        assert len(list((project / ".git/mlgit/data/objects").glob("sha256/*/*/*"))) == 1
        assert_sound(project, before, sorted(made))

    assert sweep(prepared, FLUSH, oracle, sample=sample)


TRAIN = """
import os, mlgit
told = os.open("told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
with mlgit.start_run():
    mlgit.log_param("lr", 0.1)
    os.write(told, b"param\\n")
    mlgit.log_metric("loss", 0.5, step=0)
    os.write(told, b"point\\n")
    mlgit.log_artifact("model.bin")
    os.write(told, b"artifact\\n")
os.write(told, b"finished\\n")
"""


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_a_killed_job_was_told_is_logged_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int | None
) -> None:
    prepared = tmp_path / "prepared"
    make_store(prepared / "project", runs=0)
    before = footprint(prepared / "project")
    (prepared / "model.bin").write_bytes(bytes(200_000))
    (prepared / "spool").mkdir()

    def oracle(place: Path, _: KillPoint) -> None:
        told = place / "told"
        said = told.read_text().split() if told.exists() else []
        for path in (place / "spool").rglob("*.journal"):
            os.utime(path, (0, 0))
        with monkeypatch.context() as patch:
            patch.delenv("MLGIT_SPOOL")
            project = place / "project"
            mlgit(project, "flush", "../spool", "--recover")
            mine = list(recorded(project).values())
            assert len(mine) <= 1
            assert mine or not said
            for run in mine:
                assert "param" not in said or run["params"] == {"lr": "0.1"}
                assert "point" not in said or run["metrics"] == {"loss": 0.5}
                assert "finished" not in said or run["status"] == "FINISHED"
                listed = mlgit(project, "artifact", "ls", str(run["id"]))
                assert "artifact" not in said or "model.bin" in listed
                if "model.bin" in listed:
                    mlgit(project, "artifact", "get", str(run["id"]), "-o", str(place / "copy"))
            assert_sound(project, before)

    monkeypatch.setenv("MLGIT_SPOOL", "spool")
    assert sweep(prepared, [sys.executable, "-c", TRAIN], oracle, sample=sample)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_killed_import_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int | None
) -> None:
    prepared = tmp_path / "prepared"
    left = spooled(prepared, 2, monkeypatch)
    make_store(prepared / "project")
    make_store(prepared / "other", runs=2)
    mlgit(prepared / "other", "log-run", "-a", str(prepared / "model.bin"))
    before = footprint(prepared / "project")
    source = prepared / "other/.git/mlgit/data"
    (prepared / "spool/live").rename(source / "live")

    def oracle(place: Path, _: KillPoint) -> None:
        project = place / "project"
        mlgit(project, "import-runs", "../other")
        runs = recorded(project)
        assert len(runs) == 1 + 3 + 2
        assert left <= set(runs)
        assert not git(project, "for-each-ref", "refs/mlgit").stdout
        assert len(list((project / ".git/mlgit/data/objects").glob("sha256/*/*/*"))) == 1
        assert_sound(project, before, sorted(left))

    argv = [sys.executable, "-m", "mlgit", "-C", "project", "import-runs", "../other"]
    assert sweep(prepared, argv, oracle, sample=sample)


def test_two_flushes_at_once_lose_nothing_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = spooled(tmp_path / "node", 40, monkeypatch)
    spool = tmp_path / "node" / "spool"
    make_store(tmp_path / "one", runs=0)
    git(tmp_path, "clone", "-q", str(tmp_path / "one"), str(tmp_path / "two"), check=True)
    argv = [sys.executable, "-m", "mlgit", "flush", str(spool)]
    flushes = [
        subprocess.Popen(argv, cwd=tmp_path / name, stderr=subprocess.PIPE)
        for name in ("one", "one", "two")
    ]
    for flush in flushes:
        _, errors = flush.communicate(timeout=120)
        assert flush.returncode == 0, errors.decode()
    assert not list(spool.rglob("*.journal"))
    found = [set(recorded(tmp_path / name)) for name in ("one", "two")]
    assert found[0] | found[1] == made
    mlgit(tmp_path / "two", "sync", "--metadata-only")
    assert set(recorded(tmp_path / "two")) == made
    assert "conflict" not in mlgit(tmp_path / "two", "check")
    for name in ("one", "two"):
        assert git(tmp_path / name, "fsck", "--full", "--strict").returncode == 0


def test_jobs_that_go_on_while_others_are_flushed_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, project = tmp_path / "node", make_store(tmp_path / "project", runs=0)
    node.mkdir()
    (node / "model.bin").write_bytes(bytes(200_000))
    with monkeypatch.context() as patch:
        patch.setenv("MLGIT_SPOOL", str(node / "spool"))
        argv = [sys.executable, "-c", JOBS, "6"]
        jobs = [
            subprocess.Popen(argv, cwd=node, text=True, stdout=subprocess.PIPE) for _ in range(4)
        ]
    for _ in range(200):
        mlgit(project, "flush", str(node / "spool"), check=(node / "spool").exists())
        if all(job.poll() is not None for job in jobs):
            break
    made = {line for job in jobs for line in job.communicate(timeout=60)[0].split()}
    mlgit(project, "flush", str(node / "spool"))
    found = recorded(project)
    assert len(made) == 24
    assert set(found) == made
    assert all(run["status"] == "FINISHED" and run["metrics"] for run in found.values())
    assert not list((node / "spool" / "live").iterdir())
