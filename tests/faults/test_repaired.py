"""Damage planted by hand: the doctor says what it would do about it, does it, and all is well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.test_planted import REF, a_run_file, age, explode, loose_object, overwrite
from tests.support.oracle import assert_sound, make_store, mlgit, recorded
from tests.support.repos import footprint, git


def remove_loose(path: Path, name: str) -> None:
    loose_object(path, name).unlink()


def no_index(path: Path) -> None:
    overwrite(path / ".git/mlgit/cache/index.db", b"SQLite format 3\0" + b"x" * 5000)


def stale_multi_pack_index(path: Path) -> None:
    git(path, "repack", "-adq", check=True)
    git(path, "multi-pack-index", "write", check=True)
    for pack in (path / ".git/objects/pack").glob("pack-*.idx"):
        name = pack.with_name("pack-" + "0" * 40)
        pack.with_suffix(".pack").rename(name.with_suffix(".pack"))
        pack.rename(name.with_suffix(".idx"))


def old_temporaries(path: Path) -> None:
    for name in ("pack/tmp_pack_x", "ab/tmp_obj_x"):
        file = path / ".git/objects" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half")
        age(file, 3 * 86_400)


def empty_object(path: Path) -> None:
    explode(path)
    overwrite(loose_object(path, f"mlgit:{a_run_file(path)}"), b"")


def lost_object(path: Path) -> None:
    explode(path)
    remove_loose(path, f"mlgit:{a_run_file(path)}")


def lost_tree(path: Path) -> None:
    explode(path)
    remove_loose(path, "mlgit:runs")


def garbage_object(path: Path) -> None:
    explode(path)
    overwrite(loose_object(path, f"mlgit:{a_run_file(path, 'metrics.csv')}"), b"garbage")


def commit_edit(path: Path, name: str, data: bytes) -> None:
    """Commit a file to the branch by git alone, as an editor in a work tree would."""
    done = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=path,
        input=data,
        capture_output=True,
        check=True,
    )
    index = {**os.environ, "GIT_INDEX_FILE": str(path.parent / "index")}
    entry = f"100644,{done.stdout.decode().strip()},{name}"
    for args in (["read-tree", "mlgit"], ["update-index", "--add", "--cacheinfo", entry]):
        subprocess.run(["git", *args], cwd=path, env=index, check=True)
    tree = subprocess.run(
        ["git", "write-tree"], cwd=path, env=index, capture_output=True, check=True, text=True
    ).stdout.strip()
    commit = git(path, "commit-tree", tree, "-p", "mlgit", "-m", "by hand", check=True).stdout
    git(path, "update-ref", "refs/heads/mlgit", commit.strip(), check=True)


def broken_record(path: Path) -> None:
    commit_edit(path, a_run_file(path), b"id: [\n")


def wrong_summary(path: Path) -> None:
    name = a_run_file(path)
    data = git(path, "show", f"mlgit:{name}", check=True).stdout
    number = next(line for line in data.splitlines() if line.startswith("    last:"))
    commit_edit(path, name, data.replace(number, "    last: 77.5").encode())


def dead_lock(path: Path) -> None:
    tip = git(path, "rev-parse", "mlgit", check=True).stdout.strip()
    intent = path / f".git/mlgit/intents/{tip}-1-refs%2Fheads%2Fmlgit"
    intent.parent.mkdir(exist_ok=True)
    intent.write_bytes(b"")
    lock = path / f"{REF}.lock"
    lock.write_text(f"{tip}\n")
    intent.with_name(f"{intent.name}.value").hardlink_to(lock)
    age(intent)


PLANTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "an empty ref": (lambda path: (path / REF).write_bytes(b""), "damaged-ref"),
    "a ref of garbage": (lambda path: (path / REF).write_bytes(b"garbage\n"), "damaged-ref"),
    "a ref of zeros": (lambda path: (path / REF).write_bytes(b"\0" * 41), "damaged-ref"),
    "a damaged index": (no_index, "cache"),
    "a stale multi-pack index": (stale_multi_pack_index, "pack-index"),
    "old temporary files": (old_temporaries, "temporary-files"),
    "an empty object": (empty_object, "empty-objects"),
    "a lost file": (lost_object, "missing-objects"),
    "a lost folder": (lost_tree, "missing-objects"),
    "a file of garbage": (garbage_object, "missing-objects"),
    "a record that no one can read": (broken_record, "invalid"),
    "a summary that is wrong": (wrong_summary, "summary"),
    "the lock of a killed writer": (dead_lock, "dead-writer"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_the_doctor_says_what_it_would_do_and_does_it(tmp_path: Path, what: str) -> None:
    path = make_store(tmp_path / "project", runs=3)
    git(tmp_path, "init", "-q", "--bare", str(tmp_path / "hub.git"), check=True)
    git(path, "remote", "add", "origin", str(tmp_path / "hub.git"), check=True)
    git(path, "push", "-q", "origin", "main", check=True)
    mlgit(path, "push")
    good = recorded(path)
    shutil.rmtree(path / ".git/mlgit/data/published", ignore_errors=True)
    plant, code = PLANTED[what]
    plant(path)
    before = footprint(path)
    found = json.loads(mlgit(path, "doctor", "--deep", "--json", check=False))
    assert code in {one["code"] for one in found if one["fix"]}, found
    mlgit(path, "doctor", "--deep", "--fix", check=False)
    left = json.loads(mlgit(path, "doctor", "--deep", "--json"))
    assert not [one for one in left if one["fix"] or one["severity"] == "error"], left
    assert recorded(path) == good
    assert_sound(path, {name: sha for name, sha in before.items() if name in footprint(path)})
