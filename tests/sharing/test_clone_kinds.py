"""Every kind of clone that git makes can record, pull, push and list."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlgit.errors import NoStore
from mlgit.store.store import Store
from tests.support.oracle import mlgit
from tests.support.repos import footprint, git, make_repo
from tests.support.servers import ALLOWED, serving


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A bare repository with code and a store of two runs, that also serves partial clones."""
    code = make_repo(tmp_path / "code")
    path = tmp_path / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(path), check=True)
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(path, "config", key, "true", check=True)
    other = colleague(tmp_path, path)
    mlgit(other, "init")
    for _ in range(2):
        log_run(other)
    mlgit(other, "push")
    return path


def colleague(tmp_path: Path, hub: Path) -> Path:
    """The work tree of somebody with a whole clone."""
    path = tmp_path / "colleague"
    if not path.exists():
        git(tmp_path, "clone", "-q", str(hub), str(path), check=True)
    return path


def log_run(path: Path) -> str:
    return mlgit(path, "log-run", "-m", "acc=0.5").strip()


def runs(path: Path) -> set[str]:
    return {run["id"] for run in json.loads(mlgit(path, "runs", "--all", "--json"))}


def cloned(*options: str) -> Callable[[Path, Path], Path]:
    def make(hub: Path, path: Path) -> Path:
        git(path.parent, "clone", "-q", *options, f"file://{hub}", str(path), check=True)
        return path

    return make


def work_tree(hub: Path, path: Path) -> Path:
    main = cloned()(hub, path.with_name("main"))
    git(main, "worktree", "add", "-q", str(path), "-b", "other", check=True)
    return path


def submodule(hub: Path, path: Path) -> Path:
    outer = make_repo(path)
    allow = ("-c", "protocol.file.allow=always")
    git(outer, *allow, "submodule", "add", "-q", f"file://{hub}", "inner", check=True)
    return outer / "inner"


def only_code(hub: Path, path: Path) -> Path:
    """As CI services clone: one commit of one branch."""
    return cloned("--depth=1", "--single-branch", "--branch=main", "--no-tags")(hub, path)


KINDS: dict[str, Callable[[Path, Path], Path]] = {
    "whole": cloned(),
    "shallow": cloned("--depth=1", "--no-single-branch"),
    "single branch": cloned("--single-branch", "--branch=main"),
    "of a service": only_code,
    "without blobs": cloned("--filter=blob:none"),
    "without trees": cloned("--filter=tree:0"),
    "bare": cloned("--bare"),
    "mirror": cloned("--mirror"),
    "sparse": cloned("--sparse"),
    "no checkout": cloned("--no-checkout"),
    "not local": cloned("--no-local"),
    "work tree": work_tree,
    "submodule": submodule,
}
WITHOUT_THE_BRANCH = ("single branch", "of a service")
EVERYDAY = (("of a service", "git"), ("without trees", "git"), ("shallow", "wire"))


def follow_the_hint(path: Path) -> None:
    """What `mlgit` says to do where the branch was not cloned."""
    with pytest.raises(NoStore) as refused:
        Store.open(path)
    command = refused.value.hint.partition("    ")[0].split()
    assert command[:2] == ["git", "fetch"]
    git(path, *command[1:], check=True)


@pytest.mark.parametrize("kind", WITHOUT_THE_BRANCH)
def test_init_where_the_branch_was_not_cloned_loses_nothing(
    kind: str, hub: Path, tmp_path: Path
) -> None:
    path, other = KINDS[kind](hub, tmp_path / "clone"), colleague(tmp_path, hub)
    mlgit(path, "init")
    mine = log_run(path)
    mlgit(path, "sync")
    mlgit(other, "pull")
    assert mine in runs(path)
    assert runs(path) == runs(other)


@pytest.fixture
def reached(
    request: pytest.FixtureRequest, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of the hub, and how it is reached: by git, or without it by path or wire."""
    way = request.param
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    monkeypatch.setenv("MLGIT_TRANSPORT", "git" if way == "git" else "dulwich")
    with serving("git" if way == "wire" else "file", hub.parent) as server:
        yield server.url(hub.name)


@pytest.mark.parametrize(
    ("kind", "reached"),
    [
        pytest.param(kind, way, marks=[] if (kind, way) in EVERYDAY else [pytest.mark.full])
        for way in ("git", "path", "wire")
        for kind in KINDS
    ],
    indirect=["reached"],
)
def test_a_clone_of_any_kind_shares(kind: str, reached: str, hub: Path, tmp_path: Path) -> None:
    path = KINDS[kind](hub, tmp_path / "clone")
    git(path, "remote", "set-url", "origin", reached, check=True)
    other = colleague(tmp_path, hub)
    if kind in WITHOUT_THE_BRANCH:
        follow_the_hint(path)
    before = footprint(path)
    mlgit(path, "status")
    mlgit(path, "pull")
    assert runs(path) == runs(other)
    mine = {log_run(path)}
    mlgit(path, "push")
    theirs = {log_run(other)}
    mlgit(other, "push")
    mlgit(path, "pull")
    mine.add(log_run(path))
    theirs.add(log_run(other))
    mlgit(other, "sync")
    mlgit(path, "sync")
    mlgit(other, "pull")
    assert mine | theirs <= runs(path) == runs(other)
    assert mlgit(path, "status").split("\n")[:2] == ["0 runs only here", "0 runs not here"]
    for place in (path, other, hub):
        checked = git(place, "fsck", "--full", "--strict")
        assert checked.returncode == 0, checked.stderr
    if kind not in ("bare", "mirror"):
        assert footprint(path) == before


@pytest.mark.parametrize("newer", ["ours", "theirs"])
def test_a_git_folder_copied_over_another_goes_on_as_a_clone_of_its_own(
    newer: str, hub: Path, tmp_path: Path
) -> None:
    ours, theirs = (cloned()(hub, tmp_path / name) for name in ("ours", "theirs"))
    made = {log_run(path) for path in (ours, theirs)}
    mlgit(ours, "push")
    if newer == "theirs":
        mlgit(theirs, "sync")
    with Store.open(ours) as store:
        writer = store.writer
    copied = ["cp", "-a", f"{ours}/.git/.", f"{theirs}/.git/"]
    subprocess.run(copied, check=True)
    lost = set() if newer == "theirs" else made - runs(ours)
    with Store.open(theirs) as store:
        assert store.writer != writer
    with Store.open(ours) as store:
        assert store.writer == writer
    [edited, *_] = sorted(runs(ours))
    mlgit(ours, "tag", edited, "from=ours")
    mlgit(theirs, "tag", edited, "to=theirs")
    made |= {log_run(path) for path in (ours, theirs)}
    for path in (ours, theirs, ours):
        mlgit(path, "sync")
    assert runs(ours) == runs(theirs)
    assert made - lost <= runs(ours)
    [run] = [
        run for run in json.loads(mlgit(theirs, "runs", "--all", "--json")) if run["id"] == edited
    ]
    assert {"from", "to"} <= set(run["tags"])
    for path in (ours, theirs, hub):
        checked = git(path, "fsck", "--full", "--strict")
        assert checked.returncode == 0, checked.stderr
