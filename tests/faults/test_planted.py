"""Damage planted by hand: it is named, it hides nothing else, and it never blocks the next run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git

REF = ".git/refs/heads/mlgit"


def loose_object(path: Path, name: str) -> Path:
    """The loose file behind a revision such as `mlgit:runs`."""
    oid = git(path, "rev-parse", name, check=True).stdout.strip()
    return path / ".git/objects" / oid[:2] / oid[2:]


def explode(path: Path) -> None:
    """Turn every pack into loose objects, so that one of them can be damaged."""
    packs = path / ".git/objects/pack"
    aside = packs.rename(path.parent / "packs")
    packs.mkdir()
    for pack in aside.glob("*.pack"):
        with pack.open("rb") as data:
            subprocess.run(["git", "unpack-objects", "-q"], cwd=path, stdin=data, check=True)


def overwrite(file: Path, data: bytes) -> None:
    file.chmod(0o644)
    file.write_bytes(data)


def age(file: Path, seconds: float = 3600) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


def a_run_file(path: Path, name: str = "run.yaml") -> str:
    files = git(path, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.split("\n")
    return next(file for file in files if file.endswith("/" + name))


@pytest.mark.parametrize(
    "content", [b"", zlib.compress(b"blob 3\0abd"), b"garbage"], ids=["empty", "swapped", "garbage"]
)
def test_a_damaged_run_is_named_and_hides_no_other(tmp_path: Path, content: bytes) -> None:
    path = make_store(tmp_path / "project", runs=3)
    explode(path)
    victim = a_run_file(path)
    backup = tmp_path / "backup"
    shutil.copy(loose_object(path, f"mlgit:{victim}"), backup)
    shutil.rmtree(path / ".git/mlgit/cache", ignore_errors=True)
    overwrite(loose_object(path, f"mlgit:{victim}"), content)
    assert len(recorded(path)) == 2
    assert victim.split("-")[-1].split("/")[0] in mlgit(path, "doctor", check=False)
    mlgit(path, "log-run", "--metric", "acc=1", "--name", "beside-the-damage")
    assert len(recorded(path)) == 3
    overwrite(loose_object(path, f"mlgit:{victim}"), backup.read_bytes())
    assert git(path, "fsck", "--full", "--strict").returncode == 0


@pytest.mark.parametrize("content", [b"", b"\0" * 41, b"not an object id\n"])
def test_an_unreadable_branch_is_never_taken_for_an_absent_one(
    tmp_path: Path, content: bytes
) -> None:
    path = make_store(tmp_path / "project")
    good = (path / REF).read_bytes()
    (path / REF).write_bytes(content)
    assert mlgit(path, "log-run", "--metric", "acc=1", check=False) == ""
    assert (path / REF).read_bytes() == content
    (path / REF).write_bytes(good)
    assert_sound(path, footprint(path))


@pytest.mark.parametrize("lock", ["mlgit/intent", "mlgit/writer.lock", "mlgit/repack.lock"])
def test_leftovers_of_a_dead_writer_block_nothing(tmp_path: Path, lock: str) -> None:
    path = make_store(tmp_path / "project")
    before = footprint(path)
    (path / ".git" / lock).write_bytes(b'{"half')
    assert_sound(path, before)


def test_gits_own_lock_is_named_and_left_alone(tmp_path: Path) -> None:
    path = make_store(tmp_path / "project")
    lock = path / f"{REF}.lock"
    lock.write_bytes(b"")
    age(lock)
    mlgit(path, "log-run", "--metric", "acc=1", check=False)
    if lock.exists():
        assert "mlgit.lock" in mlgit(path, "doctor", check=False)
        lock.unlink()
    assert_sound(path, footprint(path))


def test_a_stale_object_lock_of_another_program_blocks_nothing(tmp_path: Path) -> None:
    path = make_store(tmp_path / "project")
    before = footprint(path)
    for number in range(256):
        folder = path / ".git/objects" / f"{number:02x}"
        folder.mkdir(exist_ok=True)
        (folder / ("0" * 38 + ".lock")).touch()
    added = mlgit(path, "log-run", "--metric", "acc=1").strip()
    for lock in (path / ".git/objects").glob("*/*.lock"):
        lock.unlink()
    assert_sound(path, before, [added])


def test_a_damaged_copy_of_an_artifact_is_named(tmp_path: Path) -> None:
    place = make_store(tmp_path / "project")
    (place / "model.bin").write_bytes(bytes(200_000))
    mlgit(place, "log-run", "-q", "--name", "big", "-a", "model.bin")
    assert json.loads(mlgit(place, "check", "--deep", "--json")) == []
    (kept,) = (path for path in (place / ".git/mlgit/data/objects").rglob("*") if path.is_file())
    kept.chmod(0o600)
    kept.write_bytes(bytes(199_999) + b"x")
    found = json.loads(mlgit(place, "check", "--deep", "--json", check=False))
    assert [one["code"] for one in found] == ["digest"]
    assert json.loads(mlgit(place, "check", "--json")) == []
