"""The power goes in the middle of a loop of commits: every acknowledged one is there afterwards.

The cut is real for the file system: a disk image is shut down without writing what it holds in
memory, as if the plug were pulled, then mounted again.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.git.places import commit, files
from tests.git.writers import start
from tests.support.repos import git

_SHUTDOWN = 0x8004587D  # the ioctl of ext4 and XFS
_WITHOUT_FLUSHING = struct.pack("I", 2)

pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="no mkfs.ext4"),
]


class Disk:
    """A file system in a file."""

    def __init__(self, image: Path, place: Path) -> None:
        self.image, self.place = image, place

    def mount(self) -> None:
        argv = ["mount", "-o", "loop", str(self.image), str(self.place)]
        if subprocess.run(argv, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount an image, and not here")

    def unmount(self) -> None:
        for _ in range(50):
            done = subprocess.run(["umount", str(self.place)], capture_output=True, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", str(self.place)], check=True)

    def cut(self) -> None:
        """Lose everything that is not on disk."""
        import fcntl

        fd = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, _WITHOUT_FLUSHING)
        finally:
            os.close(fd)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-Fq", str(image)], check=True, capture_output=True)
    found = Disk(image, place)
    found.mount()
    yield found
    found.unmount()


@pytest.mark.parametrize("trial", range(12))
def test_every_acknowledged_run_outlives_a_power_cut(repo: Path, disk: Disk, trial: int) -> None:
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
