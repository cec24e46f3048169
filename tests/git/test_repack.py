"""Repacking in the background: the repository stays small and nobody notices."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import Damaged
from mlgit.git import joining
from mlgit.git import repack as repacking
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.loose import write_loose
from mlgit.git.oid import BLOB, Oid, object_id
from mlgit.git.pack import PackWriter, release
from mlgit.git.repack import repack, repack_when_due, should_repack
from mlgit.git.repository import Repository
from tests.git.histories import Made, run_commits
from tests.support.repos import git, make_repo

HOME = Path(repacking.__file__).parents[2]
REF = "refs/heads/mlgit"
PATIENCE = 60.0  # seconds until a process that never answers fails a test


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Path]:
    path = make_repo(tmp_path / "bare", bare=True)
    yield path
    checked = git(path, "fsck", "--full", "--strict")
    assert checked.returncode == 0, checked.stderr


@pytest.fixture
def repository(bare: Path) -> Iterator[Repository]:
    with Repository.discover(bare) as found:
        yield found


def write_joined(repository: Repository, history: list[tuple[Oid, list[Made]]]) -> list[Oid]:
    """Commits as one pack that the joiner knows of; returns the ids of all their objects."""
    with PackWriter(repository.common_dir / "objects") as writer:
        oids = [writer.add(kind, data) for _, made in history for kind, data, _ in made]
        pack = writer.finish()
    assert pack is not None
    release(pack)
    joining._remember(repository, [*joining.joined_packs(repository), pack.stem])
    git(repository.common_dir, "update-ref", REF, history[-1][0].decode(), check=True)
    return oids


def write_many(repository: Repository, count: int, each: int = 10, seed: int = 0) -> list[Oid]:
    """`count` commits in joined packs of `each`."""
    history = list(run_commits(count, seed))
    parts = [history[at : at + each] for at in range(0, count, each)]
    return [oid for part in parts for oid in write_joined(repository, part)]


def packs(repository: Repository) -> list[Path]:
    return sorted((repository.common_dir / "objects/pack").glob("*.pack"))


def held(repository: Repository, oids: list[Oid]) -> bool:
    """Whether git can read every object."""
    asked = b"".join(oid + b"\n" for oid in oids)
    answer = subprocess.run(
        ["git", "cat-file", "--batch-check"],
        cwd=repository.common_dir,
        input=asked,
        capture_output=True,
        check=True,
    )
    return b"missing" not in answer.stdout


def test_joined_packs_become_a_dense_one_with_every_object(repository: Repository) -> None:
    oids = write_many(repository, 200)
    before = sum(pack.stat().st_size for pack in packs(repository))
    assert repack(repository)
    (dense,) = packs(repository)
    assert held(repository, oids)
    assert dense.stat().st_size < 0.8 * before
    assert not list(dense.parent.glob("*.keep"))


def test_a_dense_pack_is_about_as_small_as_git_makes_it(repository: Repository) -> None:
    write_many(repository, 600)
    repack(repository)
    (dense,) = packs(repository)
    size = dense.stat().st_size
    git(repository.common_dir, "repack", "-a", "-d", "-f", "-q", check=True)
    (theirs,) = packs(repository)
    assert size <= 1.10 * theirs.stat().st_size


def test_real_commits_are_packed_too(repository: Repository) -> None:
    branch = Branch(repository)
    for number in range(2 * joining.JOIN_AT):
        with writer_lock(repository.state_dir):
            branch.commit({f"runs/a/{number}/run.yaml": b"%d" % number}, f"run: {number}")
    assert repack(repository)
    assert len(packs(repository)) == 1
    listed = git(repository.common_dir, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout
    assert len(listed.splitlines()) == 2 * joining.JOIN_AT


def test_a_commit_that_joins_packs_starts_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_many(repository, 200, each=50)
    monkeypatch.setattr(repacking, "DUE", 100)
    due_in_child(monkeypatch, 100)
    branch = Branch(repository)
    for number in range(joining.JOIN_AT):
        with writer_lock(repository.state_dir):
            branch.commit({f"runs/a/{number}/run.yaml": b"%d" % number}, f"run: {number}")
    wait_until(lambda: len(packs(repository)) == 1)


def due_in_child(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Also the background process takes repacking for due at so many objects."""
    sooner = f"import mlgit.git.repack as r; r.DUE = {count}; main()"
    monkeypatch.setattr(repacking, "_CHILD", repacking._CHILD.replace("main()", sooner))


def test_objects_that_no_commit_reaches_are_kept(repository: Repository) -> None:
    ((tip, made),) = run_commits(1)
    extra = Made(BLOB, b"no tree names me", None)
    oids = write_joined(repository, [(tip, [*made, extra])])
    repack(repository)
    assert held(repository, [*oids, object_id(BLOB, extra.data)])


def test_a_merged_history_is_packed_with_both_sides(repository: Repository) -> None:
    path = repository.common_dir
    oids = write_many(repository, 30, seed=1)
    one = git(path, "rev-parse", "mlgit", check=True).stdout.strip()
    oids += write_many(repository, 30, seed=2)
    other = git(path, "rev-parse", "mlgit", check=True).stdout.strip()
    argv = ("commit-tree", f"{one}^{{tree}}", "-p", one, "-p", other, "-m", "merge")
    merge = git(path, *argv, check=True).stdout.strip()
    content = subprocess.run(
        ["git", "cat-file", "commit", merge], cwd=path, capture_output=True, check=True
    ).stdout
    oids += write_joined(repository, [(merge.encode(), [Made(1, content, None)])])
    repack(repository)
    assert len(packs(repository)) == 1
    assert held(repository, oids)


def test_repacking_often_leaves_few_packs_and_every_object(repository: Repository) -> None:
    history = list(run_commits(240))
    oids = []
    for at in range(0, 240, 10):
        oids += write_joined(repository, history[at : at + 10])
        assert repack(repository)
    assert len(packs(repository)) <= 5
    assert held(repository, oids)


def test_packs_of_others_and_guarded_ones_are_never_touched(repository: Repository) -> None:
    write_many(repository, 10, seed=3)
    joining.take_joined(repository)
    theirs = packs(repository)
    write_many(repository, 10, seed=4)
    (guarded,) = set(packs(repository)) - set(theirs)
    guarded.with_suffix(".keep").write_text("the user's reason\n")
    loose = write_loose(str(repository.common_dir / "objects"), BLOB, b"the user's own work")
    for seed in (5, 6):
        write_many(repository, 20, seed=seed)
        repack(repository)
    assert {*theirs, guarded} <= set(packs(repository))
    assert guarded.with_suffix(".keep").read_text() == "the user's reason\n"
    assert (repository.common_dir / "objects" / loose[:2].decode() / loose[2:].decode()).exists()


def test_a_multi_pack_index_that_names_a_removed_pack_goes_with_it(repository: Repository) -> None:
    oids = write_many(repository, 20)
    index = repository.common_dir / "objects/pack/multi-pack-index"
    git(repository.common_dir, "multi-pack-index", "write", check=True)
    repack(repository)
    assert not index.exists()
    git(repository.common_dir, "multi-pack-index", "write", check=True)
    write_many(repository, 1, seed=7)
    joining.take_joined(repository)
    repack(repository)
    assert index.exists()
    assert held(repository, oids)


def test_a_damaged_pack_stops_repacking_and_costs_nothing(repository: Repository) -> None:
    oids = write_many(repository, 20)
    victim = packs(repository)[0]
    whole = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(whole[:-200] + bytes(180) + whole[-20:])
    with pytest.raises(Damaged):
        repack(repository)
    victim.write_bytes(whole)
    assert repack(repository)
    assert held(repository, oids)


def test_packs_that_git_has_taken_in_are_forgotten(repository: Repository) -> None:
    oids = write_many(repository, 30)
    git(repository.common_dir, "repack", "-a", "-d", "-q", check=True)
    assert repack(repository)
    assert len(packs(repository)) == 1
    assert held(repository, oids)


HOLD = """
import pathlib, sys, time
from mlgit.git import repack
from mlgit.git.repository import Repository
with repack._only_packer(Repository.discover(pathlib.Path(sys.argv[1]))) as alone:
    assert alone
    pathlib.Path(sys.argv[2]).touch()
    time.sleep(1000)
"""


def test_two_packers_never_work_at_once(repository: Repository, tmp_path: Path) -> None:
    write_many(repository, 5)
    argv = [sys.executable, "-c", HOLD, str(repository.common_dir), str(tmp_path / "held")]
    holder = subprocess.Popen(argv, cwd=HOME)
    wait_until((tmp_path / "held").exists)
    assert not repack(repository)
    holder.kill()
    holder.wait()
    assert repack(repository)


def wait_until(true: object) -> None:
    assert callable(true)
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_due_when_enough_has_been_joined(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    oids = write_many(repository, 30)
    monkeypatch.setattr(repacking, "DUE", len(set(oids)) + 1)
    assert not should_repack(repository)
    monkeypatch.setattr(repacking, "DUE", len(set(oids)))
    assert should_repack(repository)
    assert repack(repository)
    assert not should_repack(repository)


@pytest.mark.parametrize(
    ("name", "text"), [("gc.pid", "1 elsewhere\n"), ("objects/pack/pack-1.promisor", "")]
)
def test_it_waits_for_git_and_leaves_partial_clones_alone(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    write_many(repository, 20)
    monkeypatch.setattr(repacking, "DUE", 10)
    assert should_repack(repository)
    (repository.common_dir / name).write_text(text)
    assert not should_repack(repository)
    assert not repack(repository)
    (repository.common_dir / name).unlink()


def test_it_runs_in_the_background(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    oids = write_many(repository, 2000, each=100)
    assert not repack_when_due(repository)
    monkeypatch.setattr(repacking, "DUE", 5000)
    due_in_child(monkeypatch, 5000)
    assert repack_when_due(repository)
    wait_until(lambda: len(packs(repository)) == 1)
    assert held(repository, oids)


def test_a_state_folder_that_cannot_be_used_never_fails_a_publication(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_many(repository, 20)
    monkeypatch.setattr(repacking, "DUE", 10)
    (repository.state_dir / "repack.lock").mkdir()
    assert not repack_when_due(repository)


def test_nothing_is_imported_from_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone that brings a module of a well-known name must not get it run."""
    path = repository.common_dir
    write_many(repository, 100, each=50)
    for folder in (path, path / "mlgit", path / "objects"):
        (folder / "re.py").write_text(f"open({str(path / 'run')!r}, 'w')")
    monkeypatch.setattr(repacking, "DUE", 100)
    due_in_child(monkeypatch, 100)
    monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{HOME}")
    monkeypatch.chdir(path)
    assert repack_when_due(repository)
    wait_until(lambda: len(packs(repository)) == 1)
    assert not (path / "run").exists()


KILLED = """
import os, pathlib, sys
import mlgit.git.pack_dense, mlgit.git.pack_roll, mlgit.git.pack_removal
from mlgit.git.repack import repack
from mlgit.git.repository import Repository
calls, last = 0, int(sys.argv[2])
def count(event, arguments):
    global calls
    if event in ("open", "os.remove", "os.rename", "os.listdir", "os.scandir"):
        calls += 1
        if calls >= last:
            os.kill(os.getpid(), 9)
repository = Repository.discover(pathlib.Path(sys.argv[1]))
sys.addaudithook(count)
repack(repository)
"""


def kill_and_pack_again(repository: Repository, calls: int) -> bool:
    """Kill a packer at a call, then see that all is there and goes on; whether it was killed."""
    oids = write_many(repository, 10, each=5, seed=1)
    repack(repository)
    oids += write_many(repository, 10, each=5, seed=2)
    argv = [sys.executable, "-c", KILLED, str(repository.common_dir), str(calls)]
    ended = subprocess.run(argv, check=False, timeout=PATIENCE, cwd=HOME).returncode
    assert held(repository, oids)
    oids += write_many(repository, 5, seed=3)
    assert repack(repository)
    assert repack(repository)
    assert held(repository, oids)
    folder = repository.common_dir / "objects/pack"
    assert not list(folder.glob("*.keep"))
    assert len(packs(repository)) <= 3
    assert all(pack.with_suffix(".idx").exists() for pack in packs(repository))
    return ended != 0


@pytest.mark.parametrize("calls", [5, 14, 20, 26, 32, 38, 44])
def test_a_packer_killed_anywhere_leaves_nothing_that_blocks(
    repository: Repository, calls: int
) -> None:
    assert kill_and_pack_again(repository, calls)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("calls", range(1, 80))
def test_a_packer_killed_at_every_call_leaves_nothing_that_blocks(
    repository: Repository, calls: int
) -> None:
    kill_and_pack_again(repository, calls)


WRITER = """
import pathlib, sys
from mlgit.git import repack
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.repository import Repository
name, count = sys.argv[2], int(sys.argv[3])
repack.DUE = 1500
sooner = "import mlgit.git.repack as r; r.DUE = 1500; main()"
repack._CHILD = repack._CHILD.replace("main()", sooner)
for number in range(count):
    repository = Repository.discover(pathlib.Path(sys.argv[1]))
    branch = Branch(repository)
    path = f"runs/{name}/{number % 30:02d}/{number:06d}/run.yaml"
    with writer_lock(repository.state_dir):
        branch.commit({path: f"run: {name}-{number}\\n".encode()}, f"run: {name}-{number}")
    repository.close()
"""


@pytest.mark.full
@pytest.mark.timeout(900)
def test_thousands_of_small_commits_stay_small_beside_each_other(repository: Repository) -> None:
    """Three writers, each a thousand commits, with repacking on: nothing lost, little on disk."""
    path, writers, each = repository.common_dir, 3, 1000
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{at}", str(each)], cwd=HOME)
        for at in range(writers)
    ]
    assert [child.wait() for child in started] == [0] * writers
    listed = git(path, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.splitlines()
    assert len(listed) == writers * each
    wait_until(lambda: repack(repository))
    assert len(packs(repository)) <= joining.JOIN_AT + 4
    size = sum(file.stat().st_size for file in (path / "objects/pack").iterdir())
    assert size < 900 * writers * each
