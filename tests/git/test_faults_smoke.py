"""A fault of every kind against the data branch: named, nothing lost, and the next try works."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git.oid import BLOB, Oid, object_id
from tests.git.places import commit, files, object_file
from tests.git.writers import start
from tests.support.repos import footprint, git

LOOP = """
import sys
from pathlib import Path
from tests.git.places import commit
number = int(sys.argv[1])
while True:
    oid = commit(Path.cwd(), {f"runs/{number}/run.yaml": b"%d" % number}, f"run {number}")
    print(number, oid.decode(), flush=True)
    number += 1
"""


@pytest.fixture
def tip(repo: Path) -> Oid:
    return commit(repo, {"mlgit.yaml": b"format: 1\n"})


@contextmanager
def limit(what: int, value: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def assert_as_before(repo: Path, tip: Oid, before: dict[str, str]) -> None:
    """The failed write left no trace, and the next one works with nothing done by hand."""
    assert git(repo, "rev-parse", "mlgit").stdout.strip() == tip.decode()
    left = [path.name for path in (repo / ".git").rglob("*") if path.is_file()]
    assert not [name for name in left if name.startswith((".mlgit-", "tmp_")) or ".tmp" in name]
    assert not [name for name in left if name.endswith((".lock", ".keep", ".value"))
                and name != "writer.lock"]  # fmt: skip
    assert git(repo, "fsck", "--full", "--strict").returncode == 0
    assert footprint(repo) == before
    commit(repo, {"after": b"the fault"})
    assert files(repo)["after"] == "the fault"


@pytest.mark.parametrize("content", [b"", b"torn", b"x\x9c"])
def test_a_torn_object_of_that_name_is_no_obstacle(repo: Path, tip: Oid, content: bytes) -> None:
    """A power cut leaves files empty; taking one for the object would lose the run for good."""
    assert tip
    data = b"the content of a run"
    path = object_file(repo, object_id(BLOB, data))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    commit(repo, {"runs/a/run.yaml": data})
    assert files(repo)["runs/a/run.yaml"] == data.decode()
    assert git(repo, "fsck", "--full", "--strict").returncode == 0
    git(repo, "gc", "-q", "--prune=now", check=True)


def test_left_over_locks_on_objects_are_no_obstacle(repo: Path, tip: Oid) -> None:
    assert tip
    data = b"the content of a run"
    path = object_file(repo, object_id(BLOB, data))
    path.parent.mkdir(exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    lock.write_bytes(b"")
    commit(repo, {"runs/a/run.yaml": data})
    assert files(repo)["runs/a/run.yaml"] == data.decode()
    lock.unlink()


@pytest.mark.parametrize("size", [1, 22, 40, 60, 100, 170, 300, 700, 1200])
def test_a_write_that_is_refused_midway(repo: Path, tip: Oid, size: int) -> None:
    """The system refuses every file that would grow beyond `size` bytes."""
    before = footprint(repo)
    with limit(resource.RLIMIT_FSIZE, size), pytest.raises(StorageFailed) as caught:
        commit(repo, {"runs/a/run.yaml": os.urandom(2000)})
    assert caught.value.hint
    assert_as_before(repo, tip, before)


@contextmanager
def files_left(spare: int) -> Iterator[None]:
    """A process that can open `spare` more files."""
    taken: list[int] = []
    with limit(resource.RLIMIT_NOFILE, 200):
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.dup(0))
            for _ in range(spare):
                os.close(taken.pop())
            yield
        finally:
            for fd in taken:
                os.close(fd)


def test_too_few_files_may_be_open(repo: Path, tip: Oid) -> None:
    before = footprint(repo)
    hints = []
    for spare in range(10):
        try:
            with files_left(spare):
                tip = commit(repo, {"runs/a/run.yaml": b"%d" % spare})
            break
        except StorageFailed as error:
            hints.append(error.hint)
            assert git(repo, "rev-parse", "mlgit").stdout.strip() == tip.decode()
    assert len(hints) > 2
    assert all("ulimit -n" in hint for hint in hints)
    assert_as_before(repo, tip, before)


@pytest.fixture
def small_disk(tmp_path: Path, repo: Path, tip: Oid) -> Iterator[Path]:
    """The repository on a file system of its own, 1 MiB."""
    assert tip
    place = tmp_path / "disk"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=400", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small file system, and not here")
    try:
        yield Path(shutil.copytree(repo, place / "project", symlinks=True))
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 4096, 8192, 16384, 24576])
def test_a_full_disk(small_disk: Path, tip: Oid, free: int) -> None:
    before = footprint(small_disk)
    filler = small_disk.parent / "filler"
    with filler.open("wb", 0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    os.truncate(filler, filler.stat().st_size - free)
    with pytest.raises(StorageFailed) as caught:
        commit(small_disk, {"runs/a/run.yaml": os.urandom(30_000)})
    assert "free some space" in caught.value.hint
    filler.unlink()
    assert_as_before(small_disk, tip, before)


def test_a_read_only_disk(small_disk: Path, tip: Oid) -> None:
    before = footprint(small_disk)
    place = str(small_disk.parent)
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    with pytest.raises(StorageFailed) as caught:
        commit(small_disk, {"runs/a/run.yaml": b"x"})
    assert "read-only" in caught.value.hint
    assert files(small_disk) == {"mlgit.yaml": "format: 1\n"}
    subprocess.run(["mount", "-o", "remount,rw", place], check=True)
    assert_as_before(small_disk, tip, before)


def test_kills_at_random_moments_of_a_loop_of_commits(repo: Path, tip: Oid) -> None:
    storm(repo, tip, rounds=6)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_storm_of_kills(repo: Path, tip: Oid) -> None:
    storm(repo, tip, rounds=150)


def storm(repo: Path, tip: Oid, rounds: int) -> None:
    """Kill a writer again and again; whatever it acknowledged must be there."""
    before = footprint(repo)
    chance = random.Random(rounds)
    told: dict[str, str] = {}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for number in range(rounds):
        argv = [sys.executable, "-c", LOOP, str(number * 1000)]
        child = subprocess.Popen(argv, cwd=repo, stdout=subprocess.PIPE, text=True, env=environment)
        assert child.stdout is not None
        first = child.stdout.readline()
        with suppress(subprocess.TimeoutExpired):
            child.wait(chance.random() * 0.08)
        child.kill()
        lines = (first + child.communicate()[0]).splitlines()
        told.update(dict(line.split(" ") for line in lines if len(line.split(" ")) == 2))
        assert first, "the next command did not work"
    fsck = git(repo, "fsck", "--full", "--strict")
    assert fsck.returncode == 0, fsck.stderr
    found = files(repo)
    assert {f"runs/{number}/run.yaml" for number in told} <= set(found)
    assert git(repo, "merge-base", "--is-ancestor", tip.decode(), "mlgit").returncode == 0
    assert footprint(repo) == before


def test_a_crowd_in_which_some_are_stopped(repo: Path, tip: Oid) -> None:
    """A writer that is stopped holds up the others at most until it is ended."""
    import signal
    import time

    assert tip
    children = start(repo, 4, 15)
    time.sleep(0.4)
    for child in children[:2]:
        child.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    for child in children[:2]:
        child.kill()
        child.communicate()
    for child in children[2:]:
        out, _ = child.communicate(timeout=60)
        assert len(out.splitlines()) == 15
    assert git(repo, "fsck", "--full", "--strict").returncode == 0
