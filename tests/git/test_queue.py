"""Many writers at once: every item lands, in few commits, whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import InvalidValue, StorageFailed, Unsupported
from mlgit.git import queue as queue_module
from mlgit.git.branch import Branch
from mlgit.git.item import Item, encode_item
from mlgit.git.lock import writer_lock
from mlgit.git.queue import drain, publish
from mlgit.git.repository import Repository
from tests.git.places import commit, files
from tests.git.writers import acknowledged, start
from tests.support.repos import footprint, git


def item(name: str, **parts: object) -> Item:
    return Item(f"runs/{name}", {"run.yaml": name.encode()}, f"run: {name}", name, **parts)  # type: ignore[arg-type]


@pytest.fixture
def branch(repo: Path) -> Iterator[Branch]:
    commit(repo, {"mlgit.yaml": b"format: 1\n"})
    with Repository.discover(repo) as repository:
        yield Branch(repository)


def waiting(branch: Branch) -> Path:
    return branch.repository.state_dir / "queue" / "mlgit"


def leave(branch: Branch, name: str, content: bytes) -> Path:
    """What a writer that was killed while it waited has left."""
    waiting(branch).mkdir(parents=True, exist_ok=True)
    (waiting(branch) / name).write_bytes(content)
    return waiting(branch) / name


def test_one_writer_alone_has_its_own_commit(branch: Branch, repo: Path) -> None:
    oid = publish(branch, item("a", trailers={"Mlgit-Run": "a"}))
    assert git(repo, "log", "-1", "--format=%H %s", "mlgit").stdout == f"{oid.decode()} run: a\n"
    assert files(repo)["runs/a/run.yaml"] == "a"
    assert not waiting(branch).exists()


def test_concurrent_writers_share_commits_and_none_is_lost(branch: Branch, repo: Path) -> None:
    before = footprint(repo)
    told = acknowledged(start(repo, 8, 6))
    found = files(repo)
    assert len(told) == 48
    for name, oid in told.items():
        assert found[f"runs/e/{name}/run.yaml"] == name
        shown = git(repo, "show", f"{oid}:runs/e/{name}/run.yaml")
        assert shown.stdout == name
    assert int(git(repo, "rev-list", "--count", "mlgit").stdout) < 48
    assert list(waiting(branch).iterdir()) == []
    assert footprint(repo) == before


def test_killed_writers_lose_nothing_they_were_told_of(branch: Branch, repo: Path) -> None:
    """The last line of a killed writer may be missing; every line it printed is on the branch."""
    assert branch.tip()
    children = start(repo, 6, 200)
    told = []
    for number, child in enumerate(children):
        assert child.stdout is not None
        told += [child.stdout.readline().split()[0] for _ in range(4 + number * 2)]
        child.kill()
        told += [line.split()[0] for line in child.communicate()[0].splitlines() if " " in line]
    assert git(repo, "fsck", "--full", "--strict").returncode == 0
    publish(branch, item("after"))
    found = files(repo)
    assert set(told) <= {name.split("/")[2] for name in found if name.startswith("runs/e/")}
    assert not [path for path in waiting(branch).iterdir() if not path.suffix]
    assert not list((repo / ".git/refs").rglob("*.lock"))


def test_an_entry_of_a_killed_writer_is_committed_by_the_next(branch: Branch, repo: Path) -> None:
    leave(branch, "0001", encode_item(item("left", defaults={"e.yaml": b"e"})))
    oid = publish(branch, item("mine"))
    assert {"runs/left/run.yaml", "runs/mine/run.yaml", "e.yaml"} <= set(files(repo))
    assert git(repo, "log", "-1", "--format=%s", oid.decode()).stdout == "runs: 2 runs left, mine\n"
    assert [path.suffix for path in waiting(branch).iterdir()] == [".done"]


def test_an_entry_that_was_committed_before_the_kill_changes_nothing(
    branch: Branch, repo: Path
) -> None:
    first = publish(branch, item("a"))
    leave(branch, "0001", encode_item(item("a")))
    with writer_lock(branch.repository.state_dir):
        assert drain(branch) == first
        assert drain(branch) is None
    assert git(repo, "rev-list", "--count", "mlgit").stdout == "3\n"


def test_a_torn_entry_is_removed_and_a_forgotten_outcome_too(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = leave(branch, "0001", encode_item(item("torn"))[:-3])
    told = leave(branch, "0002.done", b"x")
    half = leave(branch, "0003.17.tmp", b"x")
    publish(branch, item("a"))
    assert not torn.exists()
    assert told.exists()
    monkeypatch.setattr(queue_module, "_FORGOTTEN", -1)
    publish(branch, item("b"))
    assert not told.exists()
    assert not half.exists()


def test_an_entry_that_cannot_be_committed_does_not_stop_the_others(
    branch: Branch, repo: Path
) -> None:
    leave(branch, "0001", encode_item(Item("runs/a", {"../../x": b"1"}, "hostile")))
    publish(branch, item("good"))
    assert "runs/good/run.yaml" in files(repo)
    with pytest.raises(InvalidValue):
        publish(branch, Item("runs/b", {"../x": b"1"}, "wrong"))


def test_a_large_item_waits_for_the_lock_itself(
    branch: Branch, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "_SHARED", 100)
    monkeypatch.setattr(queue_module, "_LARGE", 50)
    with writer_lock(branch.repository.state_dir), pytest.raises(StorageFailed):
        publish(branch, Item("runs/big", {"metrics.csv": b"1,2\n" * 1000}, "big"), timeout=0.05)
    assert not waiting(branch).exists()
    publish(branch, Item("runs/big", {"metrics.csv": b"1,2\n" * 1000}, "big"))
    assert files(repo)["runs/big/metrics.csv"] == "1,2\n" * 1000


def test_a_writer_that_waited_in_vain_leaves_nothing_behind(branch: Branch) -> None:
    with writer_lock(branch.repository.state_dir), pytest.raises(StorageFailed) as caught:
        publish(branch, item("a"), timeout=0.05)
    assert "process" in caught.value.message
    assert list(waiting(branch).iterdir()) == []


def test_a_refusal_reaches_the_writer(branch: Branch, repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"), "mlgit", check=True)
    with pytest.raises(Unsupported):
        publish(branch, item("a"))


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("count", "each"), [(8, 50), (64, 5)])
def test_a_crowd_of_writers(branch: Branch, repo: Path, count: int, each: int) -> None:
    assert branch.tip()
    assert len(acknowledged(start(repo, count, each))) == count * each
    assert sum(name.endswith("run.yaml") for name in files(repo)) == count * each
