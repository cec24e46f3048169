"""A training loop that is killed, forked or interrupted loses nothing it was told is kept."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, python, recorded
from tests.support.repos import footprint

# A child of a background job begins with SIGINT ignored; a person's terminal does not.
LOOP = """
import signal, mlgit
signal.signal(signal.SIGINT, signal.default_int_handler)
run = mlgit.start_run()
print(run.info.run_id)
mlgit.log_param("lr", 0.1)
step = 0
while True:
    mlgit.log_metric("loss", 1 / (step + 1), step=step)
    print(step)
    step += 1
"""


def steps_logged(path: Path, run_id: str) -> set[int]:
    return {point["step"] for point in json.loads(mlgit(path, "plot", "loss", run_id, "--json"))}


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (signal.SIGKILL, {"FAILED", "KILLED"}),
        (signal.SIGTERM, {"FAILED", "KILLED"}),
        (signal.SIGINT, {"FAILED", "KILLED"}),
    ],
)
def test_every_acknowledged_point_is_there(
    tmp_path: Path, sent: signal.Signals, statuses: set[str]
) -> None:
    path = make_store(tmp_path / "project")
    before = footprint(path)
    child = python(path, LOOP)
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    acknowledged = [int(child.stdout.readline()) for _ in range(500)]
    child.send_signal(sent)
    # communicate() alone would begin in the middle of what readline() had already buffered.
    whole_lines = child.stdout.read().split("\n")[:-1]
    child.communicate()
    acknowledged += map(int, whole_lines)
    assert recorded(path)[run_id]["status"] in statuses
    assert set(acknowledged) <= steps_logged(path, run_id)
    assert_sound(path, before, [run_id])


FORK = """
import os, mlgit
with mlgit.start_run() as run:
    mlgit.log_metric("parent", 1.0, step=0)
    child = os.fork()
    if child == 0:
        mlgit.log_metric("child", 2.0, step=0)
        os._exit(0)
    os.waitpid(child, 0)
    mlgit.log_metric("parent", 3.0, step=1)
print(run.info.run_id)
"""


def test_a_fork_after_start_keeps_what_both_processes_logged(tmp_path: Path) -> None:
    path = make_store(tmp_path / "project")
    before = footprint(path)
    done = python(path, FORK)
    said, complaint = done.communicate()
    assert done.returncode == 0, complaint
    run = recorded(path)[said.strip()]
    assert run["status"] == "FINISHED"
    metrics = run["metrics"]
    assert isinstance(metrics, dict)
    assert metrics == {"parent": 3.0, "child": 2.0}
    assert_sound(path, before, [said.strip()])


def test_a_run_in_another_live_process_is_never_taken(tmp_path: Path) -> None:
    path = make_store(tmp_path / "project")
    child = python(path, LOOP)
    assert child.stdout is not None
    run_id = child.stdout.readline().strip()
    child.stdout.readline()
    mlgit(path, "recover")
    assert recorded(path)[run_id]["status"] == "RUNNING"
    child.kill()
    child.communicate()
    assert recorded(path)[run_id]["status"] in {"FAILED", "KILLED"}
