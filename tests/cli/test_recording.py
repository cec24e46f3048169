"""What `log-run` records, and that a mistake records nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.support.repos import footprint, git


@pytest.fixture
def store(repo: Path) -> Path:
    done("init")
    return repo


@pytest.mark.parametrize(
    "mistake",
    [
        ["-m", "acc=high"],
        ["-m", "../acc=1"],
        ["-p", "/lr=1"],
        ["-t", "=1"],
        ["-a", "missing"],
        ["-a", "train.py=../up"],
        ["--start", "never"],
        ["--from", "train.py"],
        ["--parent", "nobody"],
        ["--run", "nobody"],
        ["-e", "\x1b"],
        ["--name", "a\nb"],
    ],
)
def test_a_mistake_records_nothing(store: Path, mistake: list[str]) -> None:
    before = git(store, "rev-parse", "mlgit").stdout
    result = mlgit("log-run", "-p", "ok=1", *mistake)
    assert result.code in {2, 3}, result.screen
    assert result.stdout == ""
    assert mlgit("runs").stdout == ""
    assert git(store, "rev-parse", "mlgit").stdout == before


def test_the_code_is_left_alone(store: Path) -> None:
    before = footprint(store)
    done("log-run", "-m", "acc=1", "-a", "train.py")
    done("runs", "--table")
    done("show", "@last")
    assert footprint(store) == before


def test_everything_that_can_be_said(store: Path) -> None:
    parent = done("log-run", "--name", "parent").strip()
    run_id = done(
        *("log-run", "-e", "churn", "--name", "child", "--parent", "parent", "--note", "why"),
        *("-p", "lr=0.1", "-m", "acc=0.5@1", "-m", "acc=0.7@2", "-t", "team=risk"),
        *("--status", "killed", "--start", "2026-11-22", "--end", "2026-11-22T00:01:30Z"),
        *("-a", "train.py", "-a", "train.py=code/copy.py"),
    ).strip()
    (run,) = json.loads(done("runs", "-e", "churn", "--json"))
    assert run["id"] == run_id
    assert (run["name"], run["parent"], run["note"]) == ("child", parent, "why")
    assert (run["status"], run["duration_ms"]) == ("KILLED", 90_000)
    assert (run["params"], run["tags"]) == ({"lr": "0.1"}, {"team": "risk"})
    assert run["summaries"]["acc"] == {
        "step": 2,
        "min": 0.5,
        "max": 0.7,
        "count": 2,
        "time": "2026-11-22T00:01:30.000Z",
    }
    assert run["code"]["commit"] == git(store, "rev-parse", "HEAD").stdout.strip()
    shown = json.loads(done("show", "child", "--json"))
    assert [each["path"] for each in shown["artifacts"]] == ["code/copy.py", "train.py"]


def test_a_file_without_points_is_remarked_upon(store: Path) -> None:
    (store / "empty.csv").write_text("step,acc\n")
    result = mlgit("log-run", "--metrics-file", "empty.csv")
    assert result.code == 0
    assert "warning: empty.csv holds no points" in result.stderr


@pytest.mark.usefixtures("store")
def test_the_experiment_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLGIT_EXPERIMENT", "from-env")
    done("log-run")
    assert done("runs", "--format", "{experiment}") == "from-env\n"


def test_large_artifacts_come_back_whole(store: Path, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    (store / "big.bin").write_bytes(data)
    done("log-run", "-a", "big.bin")
    assert "store" in done("artifact", "ls", "@last", "--table")
    target = tmp_path / "target"
    done("artifact", "get", "@last", "-o", str(target))
    assert (target / "big.bin").read_bytes() == data
    argv = [sys.executable, "-m", "mlgit", "artifact", "cat", "@last", "big.bin"]
    assert subprocess.run(argv, capture_output=True, check=True, cwd=store).stdout == data


PROGRAM = """
import os, mlgit
with mlgit.start_run(run_name="doomed"):
    mlgit.log_metric("acc", 0.5)
    print("logged", flush=True)
    import time; time.sleep(60)
"""


def test_a_killed_program_is_published_by_the_next_command(store: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=store, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"logged\n"
    assert "RUNNING" in done("runs")
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 10
    while "RUNNING" in (shown := mlgit("runs")).stdout and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "doomed\tDefault\tFAILED" in shown.stdout
    assert "0.5" in shown.stdout
    with Store.open(store) as opened:
        assert not list((opened.data / "live").iterdir())


ENDING = PROGRAM.replace("time.sleep(60)", "import sys; sys.stdin.readline()")


def test_a_run_under_way_takes_tags_and_notes(store: Path) -> None:
    argv = [sys.executable, "-c", ENDING]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"logged\n"
        done("tag", "doomed", "team=risk", "wrong=yes")
        done("tag", "doomed", "-d", "wrong")
        assert mlgit("tag", "doomed", "-d", "wrong").code == 3
        done("note", "doomed", "-m", "Looks good.")
        assert "team\trisk" in done("tag", "doomed")
        assert "wrong" not in done("tag", "doomed")
        assert done("note", "doomed") == "Looks good.\n"
        assert "RUNNING" in done("runs")
        assert "mlgit tag" in mlgit("rm", "doomed").stderr
        child.communicate(b"\n")
    assert "FINISHED" in done("runs")
    assert "team\trisk" in done("tag", "doomed")
    assert done("note", "doomed") == "Looks good.\n"
    with Store.open(store) as opened:
        assert not list((opened.data / "live").iterdir())


def test_runs_can_be_written_from_a_subdirectory_and_a_bare_clone(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(store / "deep" / "er")
    done("log-run", "--name", "deep")
    git(tmp_path, "clone", "-q", "--bare", str(store), "bare", check=True)
    monkeypatch.chdir(tmp_path / "bare")
    done("log-run", "--name", "bare")
    assert done("runs", "--format", "{name}") == "bare\ndeep\n"
