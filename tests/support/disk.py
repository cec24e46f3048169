"""A disk of which the power can be cut: a file system in an image, on a loop device."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_SHUTDOWN = 0x8004587D  # the ioctl of ext4 and XFS
_WITHOUT_FLUSHING = struct.pack("I", 2)


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
