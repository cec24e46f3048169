"""The packs of single commits stay few, whatever happens while they are joined."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.git import joining
from mlgit.git.branch import Branch
from mlgit.git.holder import host
from mlgit.git.joining import JOIN_AT, join
from mlgit.git.lock import writer_lock
from mlgit.git.repack import repack
from mlgit.git.repository import Repository
from tests.git.places import commit, files
from tests.support.repos import footprint, git, make_repo
from tests.support.sweep import KillPoint, sweep

JOIN = """
from mlgit.git.joining import join
from mlgit.git.lock import writer_lock
from mlgit.git.repack import repack
from mlgit.git.repository import Repository
with Repository.discover() as repository, writer_lock(repository.state_dir):
    join(repository)
"""


@pytest.fixture
def branch(repo: Path) -> Iterator[Branch]:
    with Repository.discover(repo) as repository:
        yield Branch(repository)


def write(branch: Branch, count: int, start: int = 0) -> None:
    """Commits of one run each, shaped as a store's."""
    with writer_lock(branch.repository.state_dir):
        for number in range(start, start + count):
            folder = f"runs/churn/2026-11-{1 + number // 40:02}/{number % 16:x}/{number:06}-run"
            content = "".join(f"{step},{step * number / 7}\n" for step in range(40)).encode()
            branch.commit({f"{folder}/run.yaml": b"%d" % number, f"{folder}/m.csv": content}, "run")


def packs(repo: Path) -> list[Path]:
    return sorted((repo / ".git/objects/pack").glob("*.pack"))


def assert_sound(repo: Path, runs: int) -> None:
    fsck = git(repo, "fsck", "--full", "--strict")
    assert fsck.returncode == 0, fsck.stderr
    assert sum(name.endswith("run.yaml") for name in files(repo)) == runs


def test_a_score_of_packs_becomes_one(branch: Branch, repo: Path) -> None:
    write(branch, JOIN_AT - 1)
    assert len(packs(repo)) == JOIN_AT - 1
    write(branch, 1, JOIN_AT - 1)
    (joined,) = packs(repo)
    assert not list(joined.parent.glob("*.keep"))
    assert_sound(repo, JOIN_AT)
    with Repository.discover(repo) as repository:
        tip = repository.refs.read("refs/heads/mlgit")
        assert tip is not None
        assert repository.objects.commit(tip).parents


def test_the_number_of_packs_grows_ever_slower(branch: Branch, repo: Path) -> None:
    most = 0
    for part in range(7):
        write(branch, JOIN_AT, part * JOIN_AT)
        most = max(most, len(packs(repo)))
    assert most <= 5
    assert_sound(repo, 7 * JOIN_AT)


def test_while_git_gc_is_at_work_nothing_is_joined(branch: Branch, repo: Path) -> None:
    import os

    note = repo / ".git/gc.pid"
    note.write_text(f"{os.getpid()} {host()}")
    write(branch, JOIN_AT + 3)
    assert len(packs(repo)) == JOIN_AT + 3
    note.unlink()
    write(branch, JOIN_AT, JOIN_AT + 3)
    assert len(packs(repo)) < JOIN_AT
    assert_sound(repo, 2 * JOIN_AT + 3)


def test_packs_that_git_has_replaced_are_forgotten(branch: Branch, repo: Path) -> None:
    write(branch, JOIN_AT - 1)
    git(repo, "gc", "-q", "--prune=now", check=True)
    write(branch, JOIN_AT + 1, JOIN_AT)
    assert len(packs(repo)) <= 3
    assert_sound(repo, 2 * JOIN_AT)


def test_a_multi_pack_index_of_git_stays_true(branch: Branch, repo: Path) -> None:
    write(branch, JOIN_AT - 2)
    git(repo, "multi-pack-index", "write", check=True)
    write(branch, 2, JOIN_AT - 2)
    assert_sound(repo, JOIN_AT)
    assert len(packs(repo)) <= JOIN_AT


def test_a_multi_pack_index_that_git_wrote_too_late_goes(branch: Branch, repo: Path) -> None:
    write(branch, JOIN_AT - 1)
    git(repo, "multi-pack-index", "write", check=True)
    index = repo / ".git/objects/pack/multi-pack-index"
    late = index.read_bytes()
    write(branch, 1, JOIN_AT - 1)
    index.write_bytes(late)  # of packs that git listed before they were joined
    assert git(repo, "fsck", "--full").returncode != 0
    write(branch, JOIN_AT, JOIN_AT)
    assert_sound(repo, 2 * JOIN_AT)


def test_a_damaged_multi_pack_index_goes(branch: Branch, repo: Path) -> None:
    write(branch, 2)
    index = repo / ".git/objects/pack/multi-pack-index"
    index.write_bytes(b"MIDX")
    write(branch, JOIN_AT, 2)
    assert not index.exists()


def test_a_damaged_pack_is_left_for_the_doctor_and_commits_go_on(
    branch: Branch, repo: Path
) -> None:
    write(branch, JOIN_AT - 1)
    damaged = packs(repo)[0]
    whole = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(whole[:-30] + bytes(30))
    write(branch, 1, JOIN_AT - 1)
    assert len(packs(repo)) == 2
    assert damaged in packs(repo)
    damaged.write_bytes(whole)
    write(branch, JOIN_AT, JOIN_AT)
    assert len(packs(repo)) <= 2
    assert_sound(repo, 2 * JOIN_AT)


@pytest.mark.parametrize("text", ["", "pack-x\n../../../secret\n", "\0\n", f"pack-{'a' * 40}\n"])
def test_a_list_that_was_spoiled_does_no_harm(branch: Branch, repo: Path, text: str) -> None:
    write(branch, 3)
    cache = repo / ".git/mlgit/cache"
    for name in ("recent-packs.txt", "joined-packs.txt"):
        (cache / name).write_text(text)
    with writer_lock(branch.repository.state_dir):
        join(branch.repository)
    assert len(packs(repo)) == 3
    assert_sound(repo, 3)


def test_packs_that_share_an_object_wait_to_be_made_dense(branch: Branch, repo: Path) -> None:
    write(branch, 2)
    with Repository.discover(repo) as repository:
        with writer_lock(repository.state_dir):
            pack = repository.objects.write_guarded([(3, b"0"), (3, b"only here")])
            pack.release()
            joining.note_pack(repository, pack)
            join(repository)
        assert len(packs(repo)) == 2
        assert repack(repository)
    assert len(packs(repo)) == 1
    assert_sound(repo, 2)


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    path = make_repo(tmp_path / "prepared")
    with Repository.discover(path) as repository:
        write(Branch(repository), 5)
        with writer_lock(repository.state_dir):
            join(repository)
        write(Branch(repository), 5, 5)
    return path


class Oracle:
    """Nothing is lost, and the next join works."""

    def __init__(self, prepared: Path) -> None:
        self.footprint = footprint(prepared)

    def __call__(self, place: Path, point: KillPoint) -> None:
        assert point.number
        assert_sound(place, 10)
        commit(place, {"next": b"x"})
        with Repository.discover(place) as repository, writer_lock(repository.state_dir):
            join(repository)
        assert_sound(place, 10)
        assert len(packs(place)) <= 4
        assert footprint(place) == self.footprint


def test_joining_killed_at_some_calls(prepared: Path) -> None:
    assert sweep(prepared, [sys.executable, "-c", JOIN], Oracle(prepared), sample=6) == 6


@pytest.mark.full
@pytest.mark.timeout(600)
def test_joining_killed_at_every_call(prepared: Path) -> None:
    assert sweep(prepared, [sys.executable, "-c", JOIN], Oracle(prepared)) > 20
