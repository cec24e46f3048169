"""Packing in the background: the repository stays small and nobody notices."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit import process
from mlgit.git import repack as repacking
from mlgit.git.loose import loose_path, write_all, write_loose
from mlgit.git.oid import BLOB, Oid
from mlgit.git.repack import loose_count_estimate, repack, repack_when_due, should_repack
from mlgit.git.repository import Repository
from tests.git.histories import run_commits
from tests.support.repos import git, make_repo

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


@pytest.fixture(params=["git", "no git"])
def packer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every law holds with the git program and without it."""
    if request.param == "no git":
        monkeypatch.setattr(process, "git_program", lambda: None)
    return str(request.param)


def write_history(path: Path, count: int, seed: int = 0, ref: str = REF) -> list[Oid]:
    """Loose commits on a branch; returns the ids of all their objects."""
    directory = str(path / "objects")
    oids: list[Oid] = []
    tip = b""
    for tip, made in run_commits(count, seed):  # noqa: B007 (the last one is the tip)
        oids += write_all(directory, [(kind, data) for kind, data, _ in made], durable=False)
    git(path, "update-ref", ref, tip.decode(), check=True)
    return oids


def loose_objects(path: Path) -> set[str]:
    """Ids of loose objects, also while folders vanish."""
    return {
        Path(folder).name + file
        for folder, _, files in os.walk(path / "objects")
        for file in files
        if len(Path(folder).name) == 2 and len(file) == 38
    }


def packs(path: Path) -> list[Path]:
    return sorted((path / "objects/pack").glob("*.pack"))


def held(path: Path, oids: list[Oid]) -> bool:
    """Whether git can read every object."""
    asked = b"".join(oid + b"\n" for oid in oids)
    answer = subprocess.run(
        ["git", "cat-file", "--batch-check"], cwd=path, input=asked, capture_output=True, check=True
    )
    return b"missing" not in answer.stdout


def test_the_estimate_is_near_the_true_number(bare: Path) -> None:
    objects = bare / "objects"
    assert loose_count_estimate(objects) == 0
    write_all(str(objects), ((BLOB, b"%d" % number) for number in range(6000)), durable=False)
    assert 4500 < loose_count_estimate(objects) < 7500


@pytest.mark.usefixtures("packer")
def test_loose_objects_of_the_branch_become_one_pack(repository: Repository) -> None:
    path = repository.common_dir
    oids = write_history(path, 60)
    assert repack(repository, REF)
    assert not loose_objects(path)
    assert len(packs(path)) == 1
    assert held(path, oids)
    assert not list((path / "objects/pack").glob("*.keep"))


@pytest.mark.usefixtures("packer")
def test_what_the_branch_does_not_reach_stays_as_it_is(repository: Repository) -> None:
    path = repository.common_dir
    write_history(path, 20)
    others = write_history(path, 5, seed=9, ref="refs/heads/main")
    unreachable = write_loose(str(path / "objects"), BLOB, b"no ref names me")
    repack(repository, REF)
    assert {unreachable.decode(), *(oid.decode() for oid in others)} >= loose_objects(path)
    assert held(path, [*others, unreachable])


@pytest.mark.usefixtures("packer")
def test_a_merged_history_is_packed_with_both_sides(repository: Repository) -> None:
    path = repository.common_dir
    oids = write_history(path, 30) + write_history(path, 30, seed=1, ref="refs/heads/other")
    tree = git(path, "rev-parse", "mlgit^{tree}", check=True).stdout.strip()
    merged = git(
        path, "commit-tree", tree, "-p", "mlgit", "-p", "other", "-m", "merge", check=True
    ).stdout.strip()
    git(path, "update-ref", REF, merged, check=True)
    repack(repository, REF)
    assert not loose_objects(path)
    assert held(path, [*oids, merged.encode()])


@pytest.mark.usefixtures("packer")
def test_packing_often_leaves_few_packs_and_every_object(repository: Repository) -> None:
    path = repository.common_dir
    written: list[Oid] = []
    directory = str(path / "objects")
    for number, (tip, made) in enumerate(run_commits(240)):
        written += write_all(directory, [(kind, data) for kind, data, _ in made], durable=False)
        if number % 10 == 9:
            git(path, "update-ref", REF, tip.decode(), check=True)
            assert repack(repository, REF)
    assert len(packs(path)) <= 5
    assert not loose_objects(path)
    assert held(path, written)


@pytest.mark.usefixtures("packer")
def test_packs_of_others_and_guarded_ones_are_never_joined(repository: Repository) -> None:
    path = repository.common_dir
    write_history(path, 10, seed=3)
    git(path, "repack", "-d", "-q", check=True)
    (theirs,) = packs(path)
    write_history(path, 10, seed=4)
    repack(repository, REF)
    (ours,) = set(packs(path)) - {theirs}
    ours.with_suffix(".keep").write_text("the user's reason\n")
    for seed in (5, 6):
        write_history(path, 10, seed=seed)
        repack(repository, REF)
    assert theirs.exists()
    assert ours.exists()
    assert ours.with_suffix(".keep").read_text() == "the user's reason\n"


def test_packs_that_a_multi_pack_index_names_are_left(repository: Repository) -> None:
    path = repository.common_dir
    for seed in range(3):
        write_history(path, 10, seed=seed)
        git(path, "repack", "-d", "-q", check=True)
        if seed == 0:
            git(path, "multi-pack-index", "write", check=True)
            repack(repository, REF)
    before = packs(path)
    repacking.repack(repository, REF)
    assert set(before) <= set(packs(path))
    git(path, "multi-pack-index", "verify", check=True)


def test_the_packs_are_about_as_small_as_git_makes_them(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository.common_dir
    write_history(path, 600)
    monkeypatch.setattr(process, "git_program", lambda: None)
    repack(repository, REF)
    size = sum(pack.stat().st_size for pack in packs(path))
    git(path, "repack", "-a", "-d", "-f", "-q", check=True)
    assert size <= 1.10 * sum(pack.stat().st_size for pack in packs(path))


@pytest.mark.usefixtures("packer")
def test_a_damaged_loose_object_is_left_for_the_doctor(bare: Path, repository: Repository) -> None:
    oids = write_history(bare, 10)
    blob = git(bare, "ls-tree", "-r", "mlgit", check=True).stdout.split()[2]
    damaged = Path(loose_path(str(bare / "objects"), blob.encode()))
    whole = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(b"")
    try:
        repack(repository, REF)
    except process.CommandFailed:
        assert held(bare, [oid for oid in oids if oid != blob.encode()])
    assert damaged.exists()
    damaged.write_bytes(whole)


def test_two_packers_never_work_at_once(repository: Repository, tmp_path: Path) -> None:
    write_history(repository.common_dir, 5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(repository.common_dir), str(tmp_path / "held")]
    )
    wait_for(tmp_path / "held")
    assert not repack(repository, REF)
    holder.kill()
    holder.wait()
    assert repack(repository, REF)


HOLD = """
import pathlib, sys, time
from mlgit.git import repack
from mlgit.git.repository import Repository
with repack._only_packer(Repository.discover(pathlib.Path(sys.argv[1]))) as alone:
    assert alone
    pathlib.Path(sys.argv[2]).touch()
    time.sleep(1000)
"""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.01)


def test_packing_waits_for_gits_own_clean_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_history(repository.common_dir, 20)
    monkeypatch.setattr(repacking, "DUE", 10)
    assert should_repack(repository)
    (repository.common_dir / "gc.pid").write_text("1 somewhere\n")
    assert not should_repack(repository)
    assert not repack(repository, REF)


def test_a_partial_clone_is_left_to_git(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_history(repository.common_dir, 20)
    monkeypatch.setattr(repacking, "DUE", 10)
    (repository.common_dir / "objects/pack/pack-1.promisor").touch()
    assert not should_repack(repository)


def test_objects_that_cannot_be_packed_do_not_start_it_again_and_again(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = str(repository.common_dir / "objects")
    write_history(repository.common_dir, 5)
    monkeypatch.setattr(repacking, "DUE", 2000)
    write_all(directory, ((BLOB, b"%d" % number) for number in range(4000)), durable=False)
    assert should_repack(repository)
    repack(repository, REF)
    assert not should_repack(repository)
    write_all(directory, ((BLOB, b"%d" % number) for number in range(4000, 7000)), durable=False)
    assert should_repack(repository)


def test_a_publication_starts_packing_in_the_background(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository.common_dir
    oids = write_history(path, 120)
    assert not repack_when_due(repository, REF)
    monkeypatch.setattr(repacking, "DUE", 500)
    assert repack_when_due(repository, REF)
    deadline = time.monotonic() + PATIENCE
    while loose_objects(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not loose_objects(path)
    assert held(path, oids)


def test_a_read_only_state_folder_never_fails_a_publication(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_history(repository.common_dir, 20)
    monkeypatch.setattr(repacking, "DUE", 10)
    repository.state_dir.write_text("not a folder")
    assert not repack_when_due(repository, REF)


def test_nothing_is_imported_from_the_folders_that_are_packed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clone that brings a module of a well-known name must not get it run."""
    path = repository.common_dir
    write_history(path, 60)
    for folder in (path, path / "mlgit", path / "objects"):
        folder.mkdir(exist_ok=True)
        (folder / "re.py").write_text(f"open({str(path / 'run')!r}, 'w')")
    monkeypatch.setattr(repacking, "DUE", 100)
    monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{Path(repacking.__file__).parents[2]}")
    monkeypatch.chdir(path)
    assert repack_when_due(repository, REF)
    deadline = time.monotonic() + PATIENCE
    while loose_objects(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (path / "run").exists()


KILLED = """
import os, pathlib, sys, threading, time
from mlgit import process
from mlgit.git.repack import repack
from mlgit.git.repository import Repository
if sys.argv[2] == "no git":
    process.git_program = lambda: None
calls, last = 0, int(sys.argv[3])
def count(event, arguments):
    global calls
    if event in ("open", "os.remove", "os.rename", "os.listdir"):
        calls += 1
        if calls >= last:
            os.kill(os.getpid(), 9)
repository = Repository.discover(pathlib.Path(sys.argv[1]))
import mlgit.git.pack_loose, mlgit.git.pack_roll, dulwich.pack
sys.addaudithook(count)
repack(repository, "refs/heads/mlgit")
"""


@pytest.mark.parametrize("calls", [21, 29, 34, 100, 157, 168])
def test_a_packer_killed_anywhere_leaves_nothing_that_blocks(
    repository: Repository, packer: str, calls: int
) -> None:
    kill_and_pack_again(repository, packer, calls)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("calls", range(1, 180))
def test_a_packer_killed_at_every_call_leaves_nothing_that_blocks(
    repository: Repository, packer: str, calls: int
) -> None:
    kill_and_pack_again(repository, packer, calls)


def kill_and_pack_again(repository: Repository, packer: str, calls: int) -> None:
    path = repository.common_dir
    oids = write_history(path, 5, seed=1)
    repack(repository, REF)
    oids += write_history(path, 5, seed=2)
    argv = [sys.executable, "-c", KILLED, str(path), packer, str(calls)]
    subprocess.run(argv, check=False, timeout=PATIENCE, cwd=Path(repacking.__file__).parents[2])
    assert held(path, oids)
    oids += write_history(path, 5, seed=3)
    assert repack(repository, REF)
    assert repack(repository, REF)
    assert held(path, oids)
    assert not list((path / "objects/pack").glob("*.keep"))
    assert len(packs(path)) <= 3
    for pack in packs(path):
        assert pack.with_suffix(".idx").exists()


def test_forgotten_temporary_files_go_and_fresh_ones_stay(repository: Repository) -> None:
    folder = repository.common_dir / "objects/pack"
    old, fresh = folder / "tmp_pack_old", folder / "tmp_pack_fresh"
    for file in (old, fresh):
        file.write_bytes(b"PACK")
    os.utime(old, (1, 1))
    write_history(repository.common_dir, 2)
    repack(repository, REF)
    assert not old.exists()
    assert fresh.exists()


WRITER = """
import pathlib, sys
from mlgit.git import repack
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.repository import Repository
name, count = sys.argv[2], int(sys.argv[3])
repack.DUE = 1500
for number in range(count):
    repository = Repository.discover(pathlib.Path(sys.argv[1]))
    branch = Branch(repository)
    path = f"runs/{name}/{number % 30:02d}/{number:06d}/run.yaml"
    with writer_lock(repository.state_dir):
        branch.commit({path: f"run: {name}-{number}\\n".encode()}, f"run: {name}-{number}")
    repack.repack_when_due(repository, branch.ref)
    repository.close()
"""


@pytest.mark.full
@pytest.mark.timeout(900)
def test_thousands_of_small_commits_stay_small_beside_each_other(bare: Path) -> None:
    """Three writers, each a thousand commits with packing on: nothing lost, little on disk."""
    writers, each = 3, 1000
    home = Path(repacking.__file__).parents[2]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bare), f"w{number}", str(each)], cwd=home
        )
        for number in range(writers)
    ]
    assert [child.wait() for child in started] == [0] * writers
    listed = git(bare, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.splitlines()
    assert len(listed) == writers * each
    with Repository.discover(bare) as repository:
        deadline = time.monotonic() + PATIENCE
        while not repack(repository, REF) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert not loose_objects(bare)
    assert len(packs(bare)) <= 8
    assert sum(file.stat().st_size for file in (bare / "objects/pack").iterdir()) < 6_000_000
