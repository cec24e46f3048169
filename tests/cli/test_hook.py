"""`git push` with our hook: what it lets through, what it refuses, whom it lets speak first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlgit.cli.commands.hook import _shim
from mlgit.holdings.memory import remember
from mlgit.holdings.named import named_by
from mlgit.holdings.unshared import declare
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.support.repos import git, make_repo
from tests.support.servers import serving

URL = "file:///shared/artifacts"
FIRST = '#!/bin/sh\necho "first: $1 $2" >&2\ncat >> "$0.log"\n[ ! -e "$0.refuses" ]\n'


@pytest.fixture
def project(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a store, a hub, and mlgit on the path of its hooks."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    make_repo(tmp_path / "hub.git", bare=True)
    git(repo, "remote", "add", "origin", str(tmp_path / "hub.git"), check=True)
    done("init")
    done("hook", "install")
    return repo


def log_big(name: str) -> None:
    """A run with an artifact that is too big for git."""
    Path("model.bin").write_bytes(os.urandom(150_000))
    done("log-run", "--name", name, "--artifact", "model.bin")


def push(where: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    argv = ["git", "push", "-q", *args]
    return subprocess.run(
        argv, cwd=where, env={**os.environ, **env}, text=True, capture_output=True, check=False
    )


def there(project: Path, branch: str = "mlgit") -> str:
    return git(project, "ls-remote", "origin", f"refs/heads/{branch}").stdout[:40]


def see_all() -> None:
    """As if this clone had seen all bytes whole on a shared remote."""
    with Store.open() as store:
        with store.change("settings: a remote") as change:
            settings = change.snapshot.settings()._replace(remotes={"main": URL})
            from mlgit.records.settings import dump_settings

            change.put("mlgit.yaml", dump_settings(settings))
        remember(store, URL, named_by(store))


@pytest.mark.parametrize("way", ["path", "git"])
def test_runs_whose_bytes_are_only_here_are_not_pushed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    with serving(way, tmp_path) as server:
        for key, value in server.env.items():
            monkeypatch.setenv(key, value)
        git(project, "remote", "set-url", "origin", server.url("hub.git"), check=True)
        log_big("big")
        refused = push(project, "origin", "mlgit")
        assert refused.returncode == 1
        assert "error: not pushed: artifacts that no shared remote is known" in refused.stderr
        assert "model.bin of run" in refused.stderr
        assert "150,000 bytes" in refused.stderr
        assert "hint: mlgit push origin" in refused.stderr
        assert there(project) == ""
        see_all()
        assert push(project, "origin", "mlgit").returncode == 0
        assert there(project) == git(project, "rev-parse", "mlgit").stdout.strip()


@pytest.mark.parametrize("how", [["mlgit"], ["mlgit:backup"], ["--all"], ["--mirror"]])
def test_however_it_is_pushed(project: Path, how: list[str]) -> None:
    log_big("big")
    assert push(project, "origin", *how).returncode == 1
    assert push(project, "--no-verify", "origin", *how).returncode == 0


def test_bytes_that_the_branch_says_to_be_in_one_clone_pass(project: Path) -> None:
    log_big("big")
    with Store.open() as store:
        declare(store, {digest: one.size for digest, one in named_by(store).items()})
    assert push(project, "origin", "mlgit").returncode == 0


def test_only_what_is_new_there_counts(project: Path) -> None:
    log_big("before")
    assert push(project, "--no-verify", "origin", "mlgit").returncode == 0
    done("log-run", "--name", "small", "-m", "acc=0.5")
    assert push(project, "origin", "mlgit").returncode == 0
    log_big("after")
    refused = push(project, "origin", "mlgit")
    assert refused.returncode == 1
    assert refused.stderr.count("model.bin") == 1
    assert push(project, "origin", ":mlgit").returncode == 0  # a deletion names nothing
    assert there(project) == ""


def test_other_branches_pass_without_mlgit(project: Path, tmp_path: Path) -> None:
    log_big("big")
    bare = tmp_path / "bin"
    bare.mkdir()
    for program in ("git", "sh", "cat"):
        (bare / program).symlink_to(f"/usr/bin/{program}")
    assert push(project, "origin", "main", PATH=str(bare)).returncode == 0
    assert there(project, "main") != ""
    refused = push(project, "origin", "mlgit", PATH=str(bare))
    assert refused.returncode == 1
    assert "mlgit is not on PATH" in refused.stderr
    assert "--no-verify" in refused.stderr


def test_from_a_linked_work_tree_and_whatever_the_environment_names(
    project: Path, tmp_path: Path
) -> None:
    other = make_repo(tmp_path / "unrelated")
    log_big("big")
    tree = tmp_path / "tree"
    git(project, "worktree", "add", "-q", str(tree), check=True)
    assert push(tree, "origin", "mlgit", MLGIT_REPO=str(other)).returncode == 1
    assert push(tree, "origin", "HEAD:side").returncode == 0


def test_a_branch_of_another_name(project: Path) -> None:
    log_big("big")
    git(project, "branch", "experiments", "mlgit", check=True)
    assert push(project, "origin", "experiments", MLGIT_BRANCH="experiments").returncode == 1
    assert push(project, "origin", "experiments").returncode == 0  # there it is any branch


def test_a_hook_that_was_there_is_named_with_the_line_to_add(project: Path) -> None:
    path = project / ".git" / "hooks" / "pre-push"
    path.write_text(FIRST)
    refused = mlgit("hook", "install")
    assert refused.code == 4
    assert 'add this line to it: mlgit hook pre-push "$@" || exit 1' in refused.stderr
    assert path.read_text() == FIRST
    path.write_text('#!/bin/sh\nmlgit hook pre-push "$@" || exit 1\n')
    path.chmod(0o755)
    log_big("big")
    assert push(project, "origin", "mlgit").returncode == 1
    assert push(project, "origin", "main").returncode == 0


def test_a_hook_that_was_there_goes_first(project: Path, tmp_path: Path) -> None:
    done("hook", "uninstall")
    path = project / ".git" / "hooks" / "pre-push"
    path.write_text(FIRST)
    path.chmod(0o755)
    assert "runs the hook that was there first" in mlgit("hook", "install", "--force").stderr
    log_big("big")
    refused = push(project, "origin", "main", "mlgit")
    assert f"first: origin {tmp_path / 'hub.git'}" in refused.stderr
    assert "model.bin" in refused.stderr
    log = path.with_name("pre-push.before-mlgit.log")
    heard = log.read_text().splitlines()
    assert sorted(line.split()[0] for line in heard) == ["refs/heads/main", "refs/heads/mlgit"]
    path.with_name("pre-push.before-mlgit.refuses").touch()
    assert push(project, "origin", "main").returncode == 1
    done("hook", "uninstall")
    assert path.read_text() == FIRST


def test_nothing_to_push_is_nothing_to_say(project: Path) -> None:
    assert push(project, "origin", "main").returncode == 0
    again = push(project, "origin", "main")
    assert (again.returncode, again.stderr) == (0, "")


def test_the_shim_is_plain_sh() -> None:
    checked = subprocess.run(["sh", "-n"], input=_shim(), capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert b"\r" not in _shim()
