"""The power goes right after artifacts were taken in: all of them are there afterwards."""

from __future__ import annotations

import os
import shutil
from io import BytesIO

import pytest

from mlgit.artifacts import whole_disk
from mlgit.artifacts.cache import ObjectCache
from tests.support.disk import Disk, disk  # noqa: F401

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="no mkfs.ext4"),
]


@pytest.mark.parametrize("count", [1, 20, 300])
@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_taken_in_outlives_a_power_cut(
    disk: Disk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    at_once: bool,
) -> None:
    monkeypatch.setattr(whole_disk, "_MOST_WAITING", 1 << 40 if at_once else -1)
    store = ObjectCache(disk.place / "objects")
    with store.intake() as intake:
        kept = [intake.take(BytesIO(os.urandom(20_000)), 20_000)[0] for _ in range(count)]
    disk.cut()
    disk.unmount()
    disk.mount()
    assert [store.verify(sha256) for sha256 in kept] == [True] * count
