"""The data branch: one commit at a time, whatever else happens in the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlgit import times
from mlgit.errors import Ambiguous, Conflict, Damaged, StorageFailed, Unsupported
from mlgit.git import branch as branch_module
from mlgit.git.branch import Branch
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.oid import Oid
from mlgit.git.refs import Refs
from mlgit.git.repository import Repository
from tests.git.places import commit, files
from tests.support.repos import footprint, git, make_repo


@pytest.fixture
def branch(repo: Path) -> Iterator[Branch]:
    with Repository.discover(repo) as repository:
        yield Branch(repository)


def clone_of(repo: Path, path: Path, *options: str) -> Path:
    git(path.parent, "clone", "-q", *options, f"file://{repo}", str(path), check=True)
    return path


def test_every_store_begins_with_the_same_commit(tmp_path: Path) -> None:
    roots = set()
    for name in ("one", "two"):
        path = make_repo(tmp_path / name)
        commit(path, {"a": name.encode()})
        roots.add(git(path, "rev-list", "--max-parents=0", "mlgit", check=True).stdout.strip())
    assert roots == {"e83ae8ddcc023b0a34ca26db823a6d3988fb7cf1"} == {ROOT_COMMIT.decode()}


def test_the_root_is_the_commit_that_git_makes_of_the_same_words(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "mlgit")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "mlgit@localhost")
        monkeypatch.setenv(f"GIT_{who}_DATE", "@0 +0000")
    tree = git(repo, "mktree", check=True).stdout.strip()
    made = git(repo, "commit-tree", tree, "-m", "mlgit store, format 1", check=True)
    assert made.stdout.strip() == ROOT_COMMIT.decode()


def test_a_commit_holds_the_edits_and_nothing_else_is_touched(repo: Path) -> None:
    before = footprint(repo)
    commit(repo, {"runs/a/run.yaml": b"1", "mlgit.yaml": b"2"}, "init: store\n\nbody é\n")
    commit(repo, {"runs/a/run.yaml": None, "runs/b/run.yaml": b"3"}, "run: b")
    assert files(repo) == {"mlgit.yaml": "2", "runs/b/run.yaml": "3"}
    log = git(repo, "log", "--format=%s|%b|%e", "mlgit~2..mlgit").stdout
    assert log == "run: b||\ninit: store|body é\n|\n"
    assert footprint(repo) == before
    assert git(repo, "--no-optional-locks", "status", "--porcelain").stdout == ""


def test_the_time_of_a_commit_is_the_clocks(repo: Path) -> None:
    with times.pinned(times.Sources(clock=lambda: 1_700_000_000_999)):
        commit(repo, {"a": b"1"})
    assert git(repo, "log", "-1", "--format=%at %ct %ai", "mlgit").stdout == (
        "1700000000 1700000000 2023-11-14 22:13:20 +0000\n"
    )


def test_no_change_is_no_commit(repo: Path) -> None:
    first = commit(repo, {"a": b"1"})
    assert commit(repo, {"a": b"1", "b": None}) == first
    assert git(repo, "rev-list", "--count", "mlgit").stdout == "2\n"


def test_defaults_are_written_only_where_nothing_is(branch: Branch, repo: Path) -> None:
    branch.commit({"a": b"1"}, "one", defaults={"experiment": b"first"})
    branch.commit({"a": b"2"}, "two", defaults={"experiment": b"second"})
    assert files(repo) == {"a": "2", "experiment": "first"}


def test_edits_of_an_older_commit_are_put_on_the_new_tip(branch: Branch, repo: Path) -> None:
    old = branch.commit({"a": b"1", "b": b"1"}, "one")
    commit(repo, {"b": b"2"})
    branch.commit({"a": b"3"}, "three", parent=old)
    assert files(repo) == {"a": "3", "b": "2"}
    with pytest.raises(Conflict) as caught:
        branch.commit({"b": b"4"}, "four", parent=old)
    assert caught.value.facts["path"] == "b"
    assert files(repo) == {"a": "3", "b": "2"}


def test_a_lost_race_is_run_again(
    branch: Branch, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.commit({"a": b"1"}, "one")
    original = Refs.compare_and_swap
    races = iter([{"theirs": b"1"}, {"theirs": b"2"}])

    def outrun(self: Refs, name: str, old: Oid | None, new: Oid, reason: str) -> bool:
        edits = next(races, None)
        if edits:
            monkeypatch.setattr(Refs, "compare_and_swap", original)
            commit_with_git(repo, edits)
            monkeypatch.setattr(Refs, "compare_and_swap", outrun)
        return original(self, name, old, new, reason)

    monkeypatch.setattr(Refs, "compare_and_swap", outrun)
    branch.commit({"ours": b"1"}, "two")
    assert files(repo) == {"a": "1", "ours": "1", "theirs": "2"}
    packs = repo / ".git/objects/pack"
    assert not list(packs.glob("*.keep"))


def commit_with_git(repo: Path, edits: dict[str, bytes]) -> None:
    """What another program does to the branch, without our lock."""
    lines = git(repo, "ls-tree", "-r", "mlgit").stdout
    for name, data in edits.items():
        (repo / ".git/x").write_bytes(data)
        blob = git(repo, "hash-object", "-w", ".git/x", check=True).stdout.strip()
        lines = "".join(
            line for line in lines.splitlines(keepends=True) if not line.endswith(f"\t{name}\n")
        )
        lines += f"100644 blob {blob}\t{name}\n"
    import subprocess

    tree = subprocess.run(
        ["git", "mktree"], cwd=repo, input=lines, text=True, capture_output=True, check=True
    ).stdout.strip()
    made = git(repo, "commit-tree", tree, "-p", "mlgit", "-m", "foreign", check=True).stdout.strip()
    git(repo, "update-ref", "refs/heads/mlgit", made, check=True)
    (repo / ".git/x").unlink()


def test_a_branch_that_keeps_moving_is_given_up(
    branch: Branch, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.commit({"a": b"1"}, "one")
    monkeypatch.setattr(branch_module, "_ATTEMPTS", 3)
    monkeypatch.setattr(Refs, "compare_and_swap", lambda *_: False)
    packs = sorted((repo / ".git/objects/pack").iterdir())
    with pytest.raises(Conflict):
        branch.commit({"a": b"2"}, "two")
    assert sorted((repo / ".git/objects/pack").iterdir()) == packs


@pytest.mark.parametrize("moved", [True, False])
def test_after_a_failed_move_the_objects_stay_if_the_ref_names_them(
    branch: Branch, repo: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    branch.commit({"a": b"1"}, "one")
    original = Refs.compare_and_swap

    def fail(self: Refs, name: str, old: Oid | None, new: Oid, reason: str) -> bool:
        if moved:
            original(self, name, old, new, reason)
        raise StorageFailed("the folder could not be forced to disk")

    with monkeypatch.context() as patch:
        patch.setattr(Refs, "compare_and_swap", fail)
        with pytest.raises(StorageFailed):
            branch.commit({"a": b"2"}, "two")
    assert files(repo) == {"a": "2" if moved else "1"}
    packs = repo / ".git/objects/pack"
    assert not list(packs.glob("*.keep"))
    assert len(list(packs.glob("*.pack"))) == 2 if moved else 1


def test_a_checked_out_branch_is_refused_with_its_place(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a": b"1"})
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", str(linked), "mlgit", check=True)
    for place in (repo, linked):
        with pytest.raises(Unsupported) as caught:
            commit(place, {"a": b"2"})
        assert str(linked) in caught.value.message
        assert f"git -C {linked} switch main" in caught.value.hint
    git(linked, "switch", "-q", "--detach", check=True)
    commit(repo, {"a": b"2"})
    assert files(repo) == {"a": "2"}


def test_a_clone_is_read_at_once_and_continues_the_remote_branch(
    repo: Path, tmp_path: Path
) -> None:
    tip = commit(repo, {"a": b"1"})
    clone = clone_of(repo, tmp_path / "clone", "-b", "main")
    with Repository.discover(clone) as repository:
        assert Branch(repository).tip() is None
        assert Branch(repository).readable() == (tip, "refs/remotes/origin/mlgit")
    commit(clone, {"b": b"2"})
    assert files(clone) == {"a": "1", "b": "2"}
    assert git(clone, "rev-parse", "mlgit~").stdout.strip() == tip.decode()
    assert git(clone, "push", "-q", "origin", "mlgit").returncode == 0
    with Repository.discover(clone) as repository:
        found = Branch(repository).readable()
        assert found is not None
        assert found[1] == "refs/heads/mlgit"


SHALLOW: dict[str, Callable[[Path, Path], Path]] = {
    "shallow": lambda repo, path: clone_of(repo, path, "--depth=1", "-b", "mlgit"),
    "single branch": lambda repo, path: clone_of(repo, path, "--single-branch", "-b", "mlgit"),
    "partial": lambda repo, path: clone_of(repo, path, "--filter=blob:none", "-b", "main"),
}


@pytest.mark.parametrize("kind", SHALLOW)
def test_clones_of_every_kind_are_written(repo: Path, tmp_path: Path, kind: str) -> None:
    for number in range(3):
        commit(repo, {f"runs/{number}": b"%d" % number})
    git(repo, "config", "uploadpack.allowFilter", "true", check=True)
    clone = SHALLOW[kind](repo, tmp_path / "clone")
    git(clone, "switch", "-q", "--detach", check=True)
    commit(clone, {"runs/new": b"new"})
    assert git(clone, "fsck", "--full").returncode == 0
    assert git(clone, "push", "-q", "origin", "mlgit").returncode == 0
    assert files(repo)["runs/new"] == "new"


def test_the_remote_is_the_configured_one_else_origin_else_the_only_one(
    repo: Path, tmp_path: Path
) -> None:
    commit(repo, {"a": b"1"})
    clone = clone_of(repo, tmp_path / "clone", "-b", "main", "-o", "upstream")
    with Repository.discover(clone) as repository:
        found = Branch(repository).readable()
    assert found is not None
    assert found[1] == "refs/remotes/upstream/mlgit"
    git(clone, "update-ref", "refs/remotes/fork/mlgit", "upstream/mlgit", check=True)
    git(clone, "update-ref", "refs/remotes/fork/topic/mlgit", "upstream/mlgit", check=True)
    with Repository.discover(clone) as repository, pytest.raises(Ambiguous) as caught:
        Branch(repository).readable()
    assert caught.value.facts["candidates"] == [
        "refs/remotes/fork/mlgit",
        "refs/remotes/upstream/mlgit",
    ]
    git(clone, "config", "branch.mlgit.remote", "fork", check=True)
    with Repository.discover(clone) as repository:
        found = Branch(repository).readable()
    assert found is not None
    assert found[1] == "refs/remotes/fork/mlgit"


def test_without_a_branch_anywhere_there_is_nothing_to_read(branch: Branch) -> None:
    assert branch.tip() is None
    assert branch.readable() is None


def test_a_branch_of_another_name(repo: Path) -> None:
    with Repository.discover(repo) as repository:
        Branch(repository, "team/runs").commit({"a": b"1"}, "one")
    assert files(repo, "team/runs") == {"a": "1"}


def test_a_damaged_ref_stops_the_writer(repo: Path) -> None:
    tip = commit(repo, {"a": b"1"})
    ref = repo / ".git/refs/heads/mlgit"
    ref.write_text("")
    with pytest.raises(Damaged):
        commit(repo, {"a": b"2"})
    assert ref.read_text() == ""
    ref.write_bytes(tip + b"\n")
    commit(repo, {"a": b"2"})
    assert git(repo, "rev-parse", "mlgit~").stdout.strip() == tip.decode()


def test_text_that_is_no_unicode_or_holds_a_nul_is_still_a_commit(repo: Path) -> None:
    commit(repo, {"a": b"1"}, "bad \udcff and \0 nul\n\n\n")
    assert git(repo, "log", "-1", "--format=%B", "mlgit").stdout == "bad ? and   nul\n\n"
