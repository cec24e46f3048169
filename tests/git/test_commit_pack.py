"""The pack of one commit: whole and guarded, or not there."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git import commit_pack, files
from mlgit.git.commit_pack import CommitPack, remove_leftovers, write_commit_pack
from mlgit.git.oid import BLOB, TREE, object_id
from mlgit.git.pack_file import PackFile
from tests.support.repos import git

OBJECTS = [(BLOB, b"x" * size) for size in (0, 1, 15, 16, 2047, 2048, 100_000)] + [(TREE, b"")]


@pytest.fixture
def objects(repo: Path) -> str:
    return str(repo / ".git/objects")


def test_git_and_we_read_every_object(repo: Path, objects: str) -> None:
    pack = write_commit_pack(objects, OBJECTS)
    pack.release()
    assert git(repo, "verify-pack", f"{pack.stem}.idx").returncode == 0
    reader = PackFile(pack.stem)
    for kind, data in OBJECTS:
        oid = object_id(kind, data)
        assert git(repo, "cat-file", "-s", oid.decode()).stdout == f"{len(data)}\n"
        assert reader.read(reader.find(bytes.fromhex(oid.decode())) or 0) == (kind, data)


def test_the_guard_is_there_until_the_pack_is_released(objects: str) -> None:
    pack = write_commit_pack(objects, OBJECTS)
    assert Path(f"{pack.stem}.keep").exists()
    pack.release()
    pack.release()
    names = {path.suffix for path in Path(objects, "pack").iterdir()}
    assert names == {".pack", ".idx"}
    pack.discard()
    assert not list(Path(objects, "pack").iterdir())


def test_a_refused_write_leaves_nothing(objects: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        with pytest.raises(StorageFailed) as caught:
            write_commit_pack(objects, [(BLOB, os.urandom(1000))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "ulimit -f" in caught.value.hint
    assert not list(Path(objects, "pack").iterdir())


def test_a_clean_up_by_git_in_the_middle_takes_nothing(
    repo: Path, objects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git prune` removes what it takes for temporary files, also one that is being written."""
    original = files.start_writeback
    calls = []

    def prune(fds: list[int]) -> None:
        calls.append(git(repo, "prune", "--expire=now", check=True))
        original(fds)

    monkeypatch.setattr(commit_pack, "start_writeback", prune)
    pack = write_commit_pack(objects, OBJECTS)
    assert len(calls) == 1
    assert Path(f"{pack.stem}.idx").exists()
    pack.release()


def test_what_killed_writers_left_is_cleaned_up(repo: Path, objects: str) -> None:
    whole = write_commit_pack(objects, OBJECTS)
    folder = Path(objects, "pack")
    torn = CommitPack(str(folder / f"pack-{'a' * 40}"))
    for suffix, content in ((".keep", commit_pack.KEEP_NOTE), (".pack", b"PACK")):
        Path(torn.stem + suffix).write_bytes(content)
    (folder / ".mlgit-1-abc").write_bytes(b"half")
    (folder / f"pack-{'b' * 40}.keep").write_bytes(b"the user's reason\n")
    remove_leftovers(objects)
    left = {path.name for path in folder.iterdir()}
    assert left == {
        f"{Path(whole.stem).name}.pack",
        f"{Path(whole.stem).name}.idx",
        f"pack-{'b' * 40}.keep",
    }
    remove_leftovers(str(repo / "nowhere"))
