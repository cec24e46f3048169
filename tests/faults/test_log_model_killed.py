"""kill -9, and a full disk, while a model is logged: it is there whole, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.test_full_disk import fill, small_disk
from tests.support.oracle import assert_sound, make_store, mlgit, python
from tests.support.repos import footprint, git
from tests.support.sweep import KillPoint, sweep

__all__ = ["small_disk"]

SAMPLES = [5, pytest.param(None, marks=[pytest.mark.full, pytest.mark.timeout(3000)])]
ID = "m-0b7a3c55d8e94f6f9a1e2d3c4b5a6978"
LOG = f"""
import mlgit
mlgit.log_model("saved", "trees", model_id="{ID}")
print("logged")
"""


def saved_in(place: Path) -> None:
    """A saved model in the work tree: a file that git takes, and one that is too big for it."""
    (place / "saved").mkdir()
    (place / "saved" / "MLmodel").write_text("flavors: {}\n")
    (place / "saved" / "weights.bin").write_bytes(bytes(200_000))


def is_whole_or_absent(place: Path) -> bool:
    """Whether the model is there; what is there is whole."""
    names = git(place, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.split()
    files = {name.partition(f"{ID}/")[2] for name in names if ID in name}
    if files:
        assert files == {"logged-model.yaml", "artifacts.yaml", "files/MLmodel"}
        mlgit(place, "artifact", "verify", f"models:/{ID}")
        assert mlgit(place, "artifact", "cat", f"models:/{ID}/MLmodel") == "flavors: {}\n"
    return bool(files)


@pytest.mark.parametrize("sample", SAMPLES)
def test_killed(tmp_path: Path, sample: int | None) -> None:
    prepared = make_store(tmp_path / "project")
    saved_in(prepared)
    before = footprint(prepared)

    def oracle(place: Path, _: KillPoint) -> None:
        is_whole_or_absent(place)
        mlgit(place, "check", "--deep")
        assert_sound(place, before)

    assert sweep(prepared, [sys.executable, "-c", LOG], oracle, sample=sample)


@pytest.mark.parametrize("free_kb", [0, 40, 200, 240])
def test_on_a_full_disk(small_disk: Path, free_kb: int) -> None:
    saved_in(small_disk)
    before = footprint(small_disk)
    filler = fill(small_disk, free_kb)
    said, complaint = python(small_disk, LOG).communicate()
    filler.unlink()
    assert is_whole_or_absent(small_disk) == ("logged" in said)
    assert "logged" in said or "StorageFailed" in complaint
    assert_sound(small_disk, before)
    if "logged" not in said:
        assert "logged" in python(small_disk, LOG).communicate()[0]
    assert is_whole_or_absent(small_disk)
