"""A repository in which all that git could run is a tripwire: no command of ours trips it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlgit.cli.main import TABLE
from tests.cli.harness import done, mlgit
from tests.support.repos import footprint, git
from tests.support.tripwire import plant

_EVIL = """
[remote "evil"]
\turl = ext::{trip}
\tfetch = +refs/heads/*:refs/remotes/evil/*
"""

#: Every command, in an order in which each finds what it needs.
COMMANDS = [
    "init", "log-run -q --name one -m acc=1 -a train.py", "log-run -q --name two -m acc=2", "runs",
    "show one --files", "compare one two", "diff one two", "plot acc one", "best acc", "log",
    "tag one team=blue", "note one -m text", "mv one Default", "rm two", "restore two",
    "experiments", "artifact ls one", "artifact cat one train.py", "check --deep",
    "check mlgit~1..mlgit", "doctor --deep", "doctor --fix", "recover", "config", "conflicts",
    "resolve one", "status origin", "push origin", "pull origin", "sync origin", "pull evil",
    "flush ../spool", "import-runs ../other", "rm one", "purge one --yes", "forget --run two --yes",
    "clone ../hub.git ../copy", "remote list", "artifact verify", "gc --delete", "hook uninstall",
    "server init ../server.git", "server install-hooks ../server.git",
    "register one churn", "models", "model show churn", "model diff churn@1 churn",
    "model card churn", "model tags churn", "badge churn", "readme", "policy", "events",
    "promote churn@1 --to production", "rollback churn@production", "proposals", "review x",
    "approve x", "reject x", "land x", "withdraw x", "gate --base mlgit~1 --head mlgit",
    "ci init gitea", "import mlflow ../other", "export mlflow ../out",
    "completion bash", "help runs", "version",
]  # fmt: skip


@pytest.fixture
def tripwired(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, a hub and another store; whatever runs leaves a line in `tripped`."""
    monkeypatch.delenv("GIT_ALLOW_PROTOCOL")
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(tmp_path / "hub.git"), check=True)
    git(tmp_path, "clone", "-q", str(repo), str(tmp_path / "other"), check=True)
    git(repo, "remote", "add", "origin", "../hub.git", check=True)
    (tmp_path / "spool").mkdir()
    plant(repo, tmp_path, _EVIL)
    return repo


def test_no_command_runs_what_the_repository_names(tripwired: Path, tmp_path: Path) -> None:
    done("-C", str(tmp_path / "other"), "init")
    before = footprint(tripwired)
    tripped = tmp_path / "tripped"
    fired: dict[str, str] = {}
    for command in COMMANDS:
        result = mlgit(*command.split())
        assert result.code != 70, (command, result.stderr)
        if tripped.exists():
            fired[command] = tripped.read_text()
            tripped.unlink()
    assert json.dumps(fired, indent=1) == "{}"
    after = footprint(tripwired)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == set()
    assert not {path.name for path in tmp_path.iterdir()} - _EXPECTED
    git(tripwired, "commit", "-q", "--allow-empty", "-m", "x")
    assert tripped.exists(), "the wires are live"


_EXPECTED = {
    "home",
    "project",
    "trip",
    "hooks",
    "hub.git",
    "other",
    "spool",
    "copy",
    "server.git",
    "out",
}


def test_every_command_is_tried() -> None:
    known = {name for group in TABLE.values() for name in group}
    assert known - {"demo"} == {command.split()[0] for command in COMMANDS}
