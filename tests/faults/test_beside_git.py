"""Writers beside every git command that rewrites the object store."""

from __future__ import annotations

import subprocess
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support.oracle import assert_sound, make_store, python
from tests.support.repos import footprint, git

WRITER = """
import sys, mlgit
for number in range(int(sys.argv[1])):
    with mlgit.start_run() as run:
        mlgit.log_params({"lr": 0.1 * number, "writer": sys.argv[2]})
        mlgit.log_metric("acc", number / 10, step=number)
    print(run.info.run_id)
"""

NOISE = [
    ["gc", "--prune=now", "-q"],
    ["repack", "-adq"],
    ["pack-refs", "--all"],
    ["maintenance", "run", "--task=gc", "--quiet"],
]


def in_a_loop(path: Path, command: list[str], stop: Event) -> None:
    while not stop.is_set():
        git(path, *command)
        stop.wait(0.02)


def write_beside(path: Path, command: list[str] | None, writers: int, runs: int) -> list[str]:
    """Run ids that `writers` processes acknowledged while `command` ran again and again."""
    stop = Event()
    noise = [Thread(target=in_a_loop, args=(path, command, stop))] if command else []
    for thread in noise:
        thread.start()
    children = [python(path, WRITER, str(runs), str(number)) for number in range(writers)]
    ended: list[tuple[subprocess.Popen[str], str, str]] = [
        (child, *child.communicate()) for child in children
    ]
    stop.set()
    for thread in noise:
        thread.join()
    for child, _, complaint in ended:
        assert child.returncode == 0, complaint
    return [line for _, said, _ in ended for line in said.split()]


def untouched(path: Path) -> dict[str, str]:
    """The footprint without what the user's own git command moves about."""
    moved = (".git/packed-refs", ".git/refs/", ".git/info/", ".git/logs/", ".git/gc.pid")
    return {name: sha for name, sha in footprint(path).items() if not name.startswith(moved)}


@pytest.mark.parametrize("command", NOISE, ids=lambda command: " ".join(command[:2]))
def test_no_run_is_lost_beside(tmp_path: Path, command: list[str]) -> None:
    path = make_store(tmp_path / "project")
    before = untouched(path)
    acknowledged = write_beside(path, command, writers=2, runs=15)
    assert len(acknowledged) == 30
    git(path, *command)
    assert_sound(path, footprint(path), acknowledged)
    assert untouched(path) == before


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", NOISE, ids=lambda command: " ".join(command[:2]))
def test_no_run_is_lost_beside_for_long(tmp_path: Path, command: list[str]) -> None:
    path = make_store(tmp_path / "project")
    acknowledged = write_beside(path, command, writers=8, runs=100)
    assert len(set(acknowledged)) == 800
    assert_sound(path, footprint(path), acknowledged)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_sixty_four_writers_lose_nothing(tmp_path: Path) -> None:
    path = make_store(tmp_path / "project")
    before = footprint(path)
    acknowledged = write_beside(path, None, writers=64, runs=5)
    assert len(set(acknowledged)) == 320
    assert_sound(path, before, acknowledged)
