"""`git gc` is noticed while it runs, and not after it died."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlgit.git.gcguard import gc_is_running
from mlgit.git.holder import host


@pytest.fixture
def dead() -> int:
    """The number of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return child.pid


def test_no_file_is_no_gc(tmp_path: Path) -> None:
    assert not gc_is_running(tmp_path)


def test_a_living_process_counts_and_a_dead_one_does_not(tmp_path: Path, dead: int) -> None:
    note = tmp_path / "gc.pid"
    note.write_text(f"{os.getpid()} {host()}")
    assert gc_is_running(tmp_path)
    note.write_text(f"{dead} {host()}")
    assert not gc_is_running(tmp_path)


def test_another_machines_gc_counts_for_half_a_day(tmp_path: Path, dead: int) -> None:
    note = tmp_path / "gc.pid"
    note.write_text(f"{dead} elsewhere")
    assert gc_is_running(tmp_path)
    os.utime(note, (0, 0))
    assert not gc_is_running(tmp_path)


@pytest.mark.parametrize("text", ["", "garbage", "x y", "99999999999999999999 vm"])
def test_an_unreadable_note_that_is_old_does_not_count(tmp_path: Path, text: str) -> None:
    note = tmp_path / "gc.pid"
    note.write_text(text.replace("vm", host()))
    os.utime(note, (0, 0))
    assert not gc_is_running(tmp_path)
