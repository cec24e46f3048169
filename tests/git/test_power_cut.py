"""The power goes in the middle of a loop of commits: every acknowledged one is there afterwards.

The cut is real for the file system: a disk image is shut down without writing what it holds in
memory, as if the plug were pulled, then mounted again.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.git.places import commit, files
from tests.git.writers import start
from tests.support.disk import Disk, disk  # noqa: F401
from tests.support.repos import git

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="no mkfs.ext4"),
]


@pytest.mark.parametrize("trial", range(12))
def test_every_acknowledged_run_outlives_a_power_cut(
    repo: Path,
    disk: Disk,  # noqa: F811
    trial: int,
) -> None:
    commit(repo, {"mlgit.yaml": b"format: 1\n"})
    place = Path(shutil.copytree(repo, disk.place / "project", symlinks=True))
    os.sync()
    children = start(place, 1 + trial % 3, 100_000)
    assert children[0].stdout is not None
    told = [children[0].stdout.readline().split(" ")[0]]
    time.sleep(random.Random(trial).random() * 2)
    disk.cut()
    for child in children:
        child.kill()
        told += [line.split(" ")[0] for line in child.communicate()[0].splitlines() if " " in line]
    disk.unmount()
    disk.mount()
    fsck = git(place, "fsck", "--full", "--strict")
    assert fsck.returncode == 0, fsck.stderr
    found = files(place)
    assert {f"runs/e/{name}/run.yaml" for name in told} <= set(found)
    commit(place, {"after": b"x"})
    assert git(place, "fsck", "--full", "--strict").returncode == 0
    assert git(place, "gc", "-q", "--prune=now").returncode == 0
