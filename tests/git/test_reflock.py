"""Locks on refs: ours never outlive us, those of others are waited for, named and left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from mlgit.errors import StorageFailed
from mlgit.git import reflock
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.reflock import RefLock, clear_dead
from tests.git.places import commit
from tests.support.repos import git

REF = "refs/heads/mlgit"
HOLD = """
import sys, time
from pathlib import Path
from mlgit.git.reflock import RefLock
common = Path.cwd() / ".git"
new = b"e83ae8ddcc023b0a34ca26db823a6d3988fb7cf1"
with RefLock(common, "refs/heads/mlgit", new, common / "mlgit"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def locked(repo: Path) -> Path:
    """Where the lock of the data branch would be."""
    commit(repo, {"a": b"1"})
    return repo / ".git" / f"{REF}.lock"


def lock_of(repo: Path) -> RefLock:
    return RefLock(repo / ".git", REF, ROOT_COMMIT, repo / ".git/mlgit")


def holder_in(repo: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=repo, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_lock_holds_git_off_and_is_whole_when_it_appears(repo: Path, locked: Path) -> None:
    with lock_of(repo):
        assert locked.read_bytes() == ROOT_COMMIT + b"\n"
        refused = git(repo, "update-ref", REF, "main")
        assert refused.returncode != 0
        assert "mlgit.lock" in refused.stderr
    assert not locked.exists()
    assert not list((repo / ".git/mlgit/intents").iterdir())


def test_the_lock_of_a_killed_writer_is_removed_by_the_next(repo: Path, locked: Path) -> None:
    child = holder_in(repo)
    child.kill()
    child.communicate()
    assert locked.exists()
    with lock_of(repo):
        pass
    assert not locked.exists()
    assert not list((repo / ".git/mlgit/intents").iterdir())


def test_the_lock_of_a_living_writer_is_waited_for_and_named(
    repo: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflock, "PATIENCE", 0.1)
    child = holder_in(repo)
    with pytest.raises(StorageFailed) as caught, lock_of(repo):
        pass
    assert caught.value.facts["path"] == str(locked)
    assert locked.exists()
    child.kill()
    child.communicate()
    with lock_of(repo):
        pass


@pytest.mark.parametrize("content", [b"", b"a" * 40 + b"\n"])
def test_a_lock_of_git_is_reported_and_never_removed(
    repo: Path, locked: Path, content: bytes
) -> None:
    locked.write_bytes(content)
    os.utime(locked, (time.time() - 3600,) * 2)
    with pytest.raises(StorageFailed) as caught, lock_of(repo):
        pass
    assert caught.value.facts["path"] == str(locked)
    assert caught.value.facts["age"] >= 3600  # type: ignore[operator]
    assert f"rm {locked}" in caught.value.hint
    assert locked.read_bytes() == content
    locked.unlink()


def test_a_young_lock_of_git_is_waited_for(repo: Path, locked: Path) -> None:
    locked.write_bytes(b"")
    timer = threading.Timer(0.2, locked.unlink)
    timer.start()
    with lock_of(repo):
        assert locked.read_bytes() == ROOT_COMMIT + b"\n"
    timer.join()


def test_a_lock_whose_intent_is_missing_is_not_ours(repo: Path, locked: Path) -> None:
    child = holder_in(repo)
    child.kill()
    child.communicate()
    for file in (repo / ".git/mlgit/intents").iterdir():
        file.unlink()
    os.utime(locked, (time.time() - 60,) * 2)
    with pytest.raises(StorageFailed), lock_of(repo):
        pass
    locked.unlink()


def test_a_lock_that_git_took_after_the_kill_is_not_ours(repo: Path, locked: Path) -> None:
    child = holder_in(repo)
    child.kill()
    child.communicate()
    locked.write_bytes(b"")
    clear_dead(repo / ".git", repo / ".git/mlgit/intents")
    assert locked.exists()
    locked.unlink()


def test_a_dead_writer_of_the_same_value_costs_a_living_one_no_lock(
    repo: Path, locked: Path
) -> None:
    """Two clones remove one ref: the intent of the one is dead when it is seen before its lock."""
    intents = repo / ".git/mlgit/intents"
    with lock_of(repo):
        dead = intents / f"{ROOT_COMMIT.decode()}-1-{quote(REF, safe='')}"
        for made in ([dead], [dead, dead.with_name(f"{dead.name}.value")]):
            for path in made:
                path.write_bytes(ROOT_COMMIT + b"\n" if path != dead else b"")
            clear_dead(repo / ".git", intents)
            assert locked.exists()
            assert not any(path.exists() for path in made)
    assert not locked.exists()
    assert not list(intents.iterdir())


def test_a_writer_on_another_machine_is_never_called_dead(repo: Path, locked: Path) -> None:
    child = holder_in(repo)
    child.kill()
    child.communicate()
    intent, value = sorted((repo / ".git/mlgit/intents").iterdir())
    intent.write_text("elsewhere 00000000-0000-0000-0000-000000000000 1\n")
    clear_dead(repo / ".git", repo / ".git/mlgit/intents")
    assert locked.exists()
    for path in (intent, value, locked):
        path.unlink()


@pytest.mark.parametrize("name", ["..%2F..%2Fsecret", "refs%2F..%2F..%2F..%2Fsecret", "%2Fsecret"])
def test_an_intent_cannot_lead_out_of_the_refs(repo: Path, locked: Path, name: str) -> None:
    oid = "a" * 40
    secret = repo / "secret.lock"
    secret.write_text(f"{oid}\n")
    intents = repo / ".git/mlgit/intents"
    (intents / f"{oid}-1-{name}").write_text("")
    (intents / f"{oid}-1-{name}.value").hardlink_to(secret)
    clear_dead(repo / ".git", intents)
    assert secret.exists()
    assert not locked.exists()


def test_where_hard_links_do_not_work_the_lock_is_made_in_place(
    repo: Path, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    with lock_of(repo):
        assert locked.read_bytes() == ROOT_COMMIT + b"\n"
    assert not locked.exists()
    locked.write_bytes(b"")
    os.utime(locked, (time.time() - 60,) * 2)
    with pytest.raises(StorageFailed), lock_of(repo):
        pass
    locked.unlink()
