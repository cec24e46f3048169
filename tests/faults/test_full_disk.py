"""A disk that fills up while a run is recorded, on a small file system of its own (root only)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, python, recorded
from tests.support.repos import footprint

LOOP = """
import sys, warnings, mlgit
warnings.simplefilter("ignore")
with mlgit.start_run() as run:
    print(run.info.run_id)
    for step in range(int(sys.argv[1])):
        mlgit.log_metric("loss", 0.5, step=step)
print("trained")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A 4 MB file system holding a store."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)])
    if mounted.returncode:
        pytest.skip("this machine does not allow mounts")
    try:
        yield make_store(place / "project")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, free_kb: int) -> Path:
    """Leave `free_kb` kilobytes on the file system that holds `disk`."""
    state = os.statvfs(disk)
    filler = disk.parent / "filler"
    filler.write_bytes(b"0" * max(0, state.f_bavail * state.f_frsize - free_kb * 1024))
    return filler


@pytest.mark.parametrize("free_kb", [0, 8, 16, 24, 40])
def test_a_failed_command_says_so_and_blocks_nothing(small_disk: Path, free_kb: int) -> None:
    before = footprint(small_disk)
    filler = fill(small_disk, free_kb)
    said = mlgit(small_disk, "log-run", "--metric", "acc=0.7", "--name", "squeezed", check=False)
    filler.unlink()
    assert_sound(small_disk, before, said.split())


@pytest.mark.full
@pytest.mark.parametrize("free_kb", range(0, 72, 4))
def test_any_amount_of_room(small_disk: Path, free_kb: int) -> None:
    test_a_failed_command_says_so_and_blocks_nothing(small_disk, free_kb)


@pytest.mark.parametrize("free_kb", [0, 12])
def test_training_goes_on_and_the_run_is_published_when_there_is_room(
    small_disk: Path, free_kb: int
) -> None:
    before = footprint(small_disk)
    filler = fill(small_disk, free_kb)
    child = python(small_disk, LOOP, "3000")
    said, complaint = child.communicate()
    assert "trained" in said, complaint
    filler.unlink()
    listed = recorded(small_disk)
    run_id = said.split()[0]
    if run_id in listed:
        assert listed[run_id]["status"] in {"FINISHED", "FAILED"}
    assert_sound(small_disk, before)


def test_a_read_only_repository_is_read_and_a_write_is_refused(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk.parent)], check=True)
    try:
        assert recorded(small_disk)
        done = subprocess.run(
            ["python3", "-c", "open('probe','w')"], cwd=small_disk, capture_output=True
        )
        assert done.returncode, "the file system is not read-only, the test proves nothing"
        assert mlgit(small_disk, "log-run", "--metric", "acc=1", check=False) == ""
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk.parent)], check=True)
    assert_sound(small_disk, footprint(small_disk))
