"""kill -9 of a flush at the calls that change the disk; two flushes of one spool at once."""

from __future__ import annotations

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
    mlgit(tmp_path / "two", "sync")
    assert set(recorded(tmp_path / "two")) == made
    assert "conflict" not in mlgit(tmp_path / "two", "check")
    for name in ("one", "two"):
        assert git(tmp_path / name, "fsck", "--full", "--strict").returncode == 0
