"""A proposal becomes a pull request with the push: what a forge hears, by git's receiving side."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.harness import done, mlgit
from tests.git.transport.test_options import PROC_RECEIVE, WRITE_DOWN, hook
from tests.support.repos import git

GH = """\
#!/bin/sh
if test "$2" = view; then cat "$0.there"; exit; fi
if test "$2" = create && test -e "$0.there"; then exit 1; fi
for one in "$@"; do printf '%s\\n' "$one" >> "$0.heard"; done
cat > "$0.read"
echo "Creating pull request"
echo "https://github.com/team/churn/pull/7"
"""


def forge(repo: Path, url: str) -> Path:
    """A bare repository behind the URL of a forge, with what has landed so far."""
    hub = repo.parent / "hub.git"
    git(repo.parent, "clone", "-q", "--bare", str(repo), str(hub), check=True)
    git(repo, "config", f"url.{hub}.insteadOf", url, check=True)
    git(repo, "remote", "add", "origin", url, check=True)
    done("init")
    done("log-run", "-q", "--name", "one", "-m", "acc=1", "-a", "train.py")
    done("register", "one", "churn")
    done("push")
    git(hub, "config", "receive.advertisePushOptions", "true", check=True)
    hook(hub, "pre-receive", f"#!/bin/sh\n{WRITE_DOWN}")
    return hub


def proposed(*words: str) -> tuple[str, str]:
    """The branch of a new proposal, and what a person is told next."""
    result = mlgit("promote", "churn@1", "--to", "production", "--propose", *words)
    assert result.code == 0, result.stderr
    return result.stdout.strip(), result.stderr.partition("Next: ")[2].strip()


def test_gitlab_hears_it_with_the_push(repo: Path) -> None:
    hub = forge(repo, "https://gitlab.com/team/churn.git")
    branch, link = proposed("-m", "$(touch pwned)")
    assert (hub / "heard").read_text().splitlines() == [
        *(
            "merge_request.create",
            "merge_request.target=mlgit",
            "merge_request.remove_source_branch",
        ),
        "merge_request.title=promote churn: production nothing -> v1",
    ]
    assert link.startswith("https://gitlab.com/team/churn/-/merge_requests/new?")
    assert git(hub, "rev-parse", branch, check=True).stdout
    assert not list(repo.parent.rglob("pwned"))


def test_gitea_gets_it_for_review(repo: Path) -> None:
    hub = forge(repo, "https://codeberg.org/team/churn.git")
    hook(hub, "proc-receive", PROC_RECEIVE % sys.executable)
    git(hub, "config", "receive.procReceiveRefs", "refs/for", check=True)
    branch, _ = proposed()
    topic, title, force = (hub / "heard").read_text().splitlines()[-3:]
    assert (topic, force) == (f"topic={branch}", "force-push=true")
    assert title.startswith("title=promote")
    assert git(hub, "rev-parse", branch, check=True).stdout


@pytest.mark.parametrize("allowed", ["by the user", "by the repository", "by nobody"])
def test_gh_opens_it_where_the_user_lets_it(
    repo: Path, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge(repo, "https://github.com/team/churn.git")
    tools = repo.parent / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    if allowed != "by nobody":
        where = "--global" if allowed == "by the user" else "--local"
        git(repo, "config", where, "mlgit.forgeTools", "true", check=True)
    branch, link = proposed()
    if allowed != "by the user":
        assert link.startswith("https://github.com/team/churn/compare/mlgit...mlgit-promote/")
        assert not (tools / "gh.heard").exists()
        return
    assert link == "https://github.com/team/churn/pull/7"
    heard = (tools / "gh.heard").read_text().splitlines()
    assert heard[:3] == ["pr", "create", "--repo=github.com/team/churn"]
    assert f"--head={branch}" in heard
    assert "<!-- mlgit:begin -->" in (tools / "gh.read").read_text()
    there = "Looks fine.\n<!-- mlgit:begin -->\nold\n<!-- mlgit:end -->\nShip it.\n"
    (tools / "gh.there").write_text(there)
    _, link = proposed("-m", "again")
    assert link.startswith("https://github.com/team/churn/compare/")
    now = (tools / "gh.read").read_text()
    assert now.startswith("Looks fine.\n<!-- mlgit:begin -->")
    assert now.endswith("<!-- mlgit:end -->\nShip it.\n")
    assert "again" in now
    assert "\nold\n" not in now


def test_no_name_or_reason_keeps_a_forge_from_running_its_checks(repo: Path) -> None:
    hub = forge(repo, "https://gitlab.com/team/churn.git")
    done("register", "one", "a [skip ci] b")
    done("push")
    words = ("promote", "a [skip ci] b@1", "--to", "production", "--propose")
    branch = done(*words, "-m", "now [ci skip] ***NO_CI***").strip()
    message = git(hub, "log", "-1", "--format=%B", branch, check=True).stdout
    heard = (hub / "heard").read_text()
    for said in ("[skip ci]", "[ci skip]", "***NO_CI***"):
        assert said not in message + heard
    assert "skip ci" in message
