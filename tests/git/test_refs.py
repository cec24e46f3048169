"""Refs: absence is only what the system calls absence; a move is whole or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mlgit.errors import Damaged, MlgitError, StorageFailed, Unsupported
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.oid import Oid
from mlgit.git.refs import Refs
from mlgit.git.repository import Repository
from tests.git.places import commit
from tests.support.repos import git

REF = "refs/heads/mlgit"


@pytest.fixture
def tip(repo: Path) -> Oid:
    return commit(repo, {"a": b"1"})


@pytest.fixture
def refs(repo: Path, tip: Oid) -> Iterator[Refs]:
    assert tip
    with Repository.discover(repo) as repository:
        yield repository.refs


@pytest.fixture
def ref_file(repo: Path, tip: Oid) -> Iterator[Path]:
    """The file of the data branch; what a test does to it is undone."""
    path = repo / ".git" / REF
    yield path
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_bytes(tip + b"\n")


def test_a_ref_is_read_from_its_file_or_from_the_packed_ones(
    repo: Path, refs: Refs, tip: Oid
) -> None:
    assert refs.read(REF) == tip
    git(repo, "pack-refs", "--all", check=True)
    assert not (repo / ".git" / REF).exists()
    assert refs.read(REF) == tip
    git(repo, "update-ref", REF, ROOT_COMMIT.decode(), check=True)
    assert refs.read(REF) == ROOT_COMMIT


def test_what_does_not_exist_is_none(refs: Refs) -> None:
    assert refs.read("refs/heads/none") is None
    assert refs.read("refs/heads/mlgit/below") is None
    assert refs.read("refs/heads") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\0" * 41, b"garbage", b"a" * 39, b"g" * 40 + b"\n", b"0" * 40 + b"\n",
     b"a" * 41, b"A" * 40],
)  # fmt: skip
def test_an_unreadable_ref_is_never_taken_for_an_absent_one(
    refs: Refs, ref_file: Path, content: bytes
) -> None:
    ref_file.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        refs.read(REF)
    assert caught.value.facts["path"] == str(ref_file)
    assert "git reflog" in caught.value.hint


def test_symbolic_refs_are_refused(refs: Refs, ref_file: Path) -> None:
    ref_file.write_bytes(b"ref: refs/heads/main\n")
    with pytest.raises(Unsupported):
        refs.read(REF)
    ref_file.unlink()
    ref_file.symlink_to("main")
    with pytest.raises(Unsupported):
        refs.read(REF)


def test_a_pipe_in_place_of_a_ref_is_not_waited_for(refs: Refs, ref_file: Path) -> None:
    ref_file.unlink()
    os.mkfifo(ref_file)
    with pytest.raises(StorageFailed):
        refs.read(REF)


def test_with_no_file_left_to_open_a_ref_is_not_absent(refs: Refs) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 2, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        with pytest.raises(StorageFailed) as caught:
            refs.read(REF)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in taken:
            os.close(fd)
    assert "ulimit -n" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"\0" * 80, b"garbage\n", b"abc refs/heads/mlgit\n"])
def test_damaged_packed_refs_are_named(repo: Path, refs: Refs, content: bytes) -> None:
    git(repo, "pack-refs", "--all", check=True)
    packed = repo / ".git/packed-refs"
    whole = packed.read_bytes()
    packed.write_bytes(content)
    try:
        with pytest.raises(Damaged) as caught:
            refs.read(REF)
        assert caught.value.facts["path"] == str(packed)
    finally:
        packed.write_bytes(whole)


def test_packed_refs_that_change_are_read_again(repo: Path, refs: Refs, tip: Oid) -> None:
    git(repo, "pack-refs", "--all", check=True)
    assert refs.read(REF) == tip
    git(repo, "update-ref", REF, ROOT_COMMIT.decode(), check=True)
    git(repo, "pack-refs", "--all", check=True)
    assert refs.read(REF) == ROOT_COMMIT
    git(repo, "update-ref", "-d", REF, check=True)
    assert refs.read(REF) is None


def test_names_lists_loose_and_packed_refs(repo: Path, refs: Refs) -> None:
    git(repo, "update-ref", "refs/remotes/origin/mlgit", "mlgit", check=True)
    git(repo, "pack-refs", "--all", check=True)
    git(repo, "update-ref", "refs/remotes/other/mlgit", "mlgit", check=True)
    (repo / ".git/refs/remotes/other/x.lock").write_text("")
    assert refs.names("refs/remotes/") == ["refs/remotes/origin/mlgit", "refs/remotes/other/mlgit"]
    assert refs.names("refs/none/") == []
    (repo / ".git/refs/remotes/other/x.lock").unlink()


def test_a_ref_moves_only_from_the_expected_value(repo: Path, refs: Refs, tip: Oid) -> None:
    assert not refs.compare_and_swap(REF, ROOT_COMMIT, tip, "wrong old value")
    assert not refs.compare_and_swap(REF, None, ROOT_COMMIT, "must not exist")
    assert refs.compare_and_swap(REF, tip, ROOT_COMMIT, "move")
    assert git(repo, "rev-parse", "mlgit").stdout.strip() == ROOT_COMMIT.decode()
    assert refs.compare_and_swap(REF, ROOT_COMMIT, tip, "and back")
    assert not list((repo / ".git/mlgit/intents").iterdir())


def test_a_packed_ref_is_moved(repo: Path, refs: Refs, tip: Oid) -> None:
    git(repo, "pack-refs", "--all", check=True)
    assert refs.compare_and_swap(REF, tip, ROOT_COMMIT, "move")
    assert git(repo, "rev-parse", "mlgit").stdout.strip() == ROOT_COMMIT.decode()


def test_an_empty_folder_of_that_name_gives_way(repo: Path, refs: Refs, tip: Oid) -> None:
    (repo / ".git/refs/heads/new/old/below").mkdir(parents=True)
    assert refs.compare_and_swap("refs/heads/new", None, tip, "create")
    assert refs.read("refs/heads/new") == tip


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("there", "wanted"), [("mlgit2/x", "mlgit2"), ("mlgit2", "mlgit2/x"), ("a/b/c", "a")]
)
def test_a_name_that_git_cannot_hold_beside_another_is_refused(
    repo: Path, refs: Refs, tip: Oid, packed: bool, there: str, wanted: str
) -> None:
    git(repo, "branch", there, "mlgit", check=True)
    if packed:
        git(repo, "pack-refs", "--all", check=True)
    with pytest.raises(MlgitError) as caught:
        refs.compare_and_swap(f"refs/heads/{wanted}", None, tip, "create")
    assert there in caught.value.message
    assert not list((repo / ".git/refs").rglob("*.lock"))


def test_a_refused_move_leaves_the_ref_and_no_lock(repo: Path, refs: Refs, tip: Oid) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with pytest.raises(StorageFailed):
            refs.compare_and_swap(REF, tip, ROOT_COMMIT, "move")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refs.read(REF) == tip
    assert not list((repo / ".git/refs").rglob("*.lock"))
    assert not list((repo / ".git/mlgit/intents").iterdir())
    assert refs.compare_and_swap(REF, tip, ROOT_COMMIT, "move")
