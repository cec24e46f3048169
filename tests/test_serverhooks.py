"""A server is made and given its hooks; foreign hooks stay, and events are told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mlgit.serverhooks import SERVER_HOOKS, shim
from tests.cli.harness import done, mlgit
from tests.registry.gate import scene
from tests.support.judging import attack, clone, make_server, place, push, record
from tests.support.repos import git, make_repo
from tests.support.servers import serving
from tests.test_serverside_gate import approve, proposed

_AS_SOMEBODY = (  # as docs/server.md shows it
    r'restrict,command="MLGIT_USER=somebody git-shell -c \"$SSH_ORIGINAL_COMMAND\""'
)


def test_init_makes_a_bare_repository_that_looks_at_what_it_gets(tmp_path: Path) -> None:
    hub = tmp_path / "hub.git"
    assert "made" in mlgit("server", "init", str(hub)).stderr
    assert git(hub, "config", "receive.fsckObjects").stdout == "true\n"
    assert git(hub, "rev-parse", "--is-bare-repository").stdout == "true\n"
    assert all((hub / "hooks" / name).read_bytes() == shim(name) for name in SERVER_HOOKS)
    again = mlgit("server", "init", str(hub))
    assert (again.code, "mlgit server install-hooks" in again.stderr) == (4, True)


def test_hooks_of_others_stay_and_go_first(tmp_path: Path) -> None:
    hub = make_repo(tmp_path / "hub.git", bare=True)
    foreign = hub / "hooks/pre-receive"
    foreign.write_text('#!/bin/sh\ncat > "$0.log"\n[ ! -e "$0.refuses" ]\n')
    foreign.chmod(0o755)
    refused = mlgit("server", "install-hooks", str(hub))
    assert (refused.code, "--force" in refused.stderr) == (4, True)
    assert not (hub / "hooks/update").exists()
    said = mlgit("server", "install-hooks", str(hub), "--force").stderr
    assert said.count("installed") == 3
    assert said.count("runs the hook that was there first") == 1
    done("server", "install-hooks", str(hub), "--force")
    ann = clone(str(hub), tmp_path / "ann")
    record(ann)
    assert push(ann).code == 0
    kept = hub / "hooks/pre-receive.before-mlgit"
    assert "refs/heads/mlgit" in kept.with_name(f"{kept.name}.log").read_text()
    kept.with_name(f"{kept.name}.refuses").touch()
    assert push(ann, "main:other").code == 1
    attack(ann, lambda _, tree: tree.clear())
    assert push(ann).code == 1


@pytest.mark.parametrize("path", ["nothing", "folder", "inside/objects"])
def test_only_a_repository_gets_hooks(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    make_repo(tmp_path / "inside", bare=True)
    refused = mlgit("server", "install-hooks", str(tmp_path / path))
    assert (refused.code, "no git repository" in refused.stderr) == (1, True)


def test_what_happened_is_told_to_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, heard = make_server(tmp_path), tmp_path / "heard"
    program = tmp_path / "deploy"
    program.write_text('#!/bin/sh\necho "$@" >> "$1"\ncat >> "$1"\n')
    program.chmod(0o755)
    for word in (program, heard, "$(touch pwned); two words"):
        git(hub, "config", "--add", "mlgit.onEvents", str(word), check=True)
    ann = clone(str(hub), tmp_path / "ann")
    monkeypatch.chdir(place(ann))
    scene.version(ann, {"acc": 0.9})
    assert push(ann).code == 0
    words, *lines = heard.read_text().splitlines()
    assert words == f"{heard} $(touch pwned); two words"
    events = [json.loads(line) for line in lines]
    assert [one["event"] for one in events] == ["model-created", "version-registered"]
    assert events[1]["model"] == "churn"
    assert push(ann, "main:other").code == 0  # of which nobody is told
    assert len(heard.read_text().splitlines()) == 3
    program.unlink()
    scene.version(ann, {"acc": 0.9})
    answer = push(ann)
    assert answer.code == 0
    assert "deploy was not told of this push" in answer.said
    assert not list(tmp_path.rglob("pwned"))


def test_hooks_are_plain_sh() -> None:
    for name in SERVER_HOOKS:
        checked = subprocess.run(["sh", "-n"], input=shim(name), capture_output=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, b"")
        assert b"\r" not in shim(name)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["file", "http", "ssh"])
def test_over_every_way_that_takes_pushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    hub = make_server(tmp_path)
    with serving(kind, hub.parent) as server:
        for key, value in server.env.items():
            monkeypatch.setenv(key, value)
        ann = clone(server.url(hub.name), tmp_path / "ann")
        monkeypatch.chdir(place(ann))
        for acc in (0.8, 0.9):
            scene.version(ann, {"acc": acc})
        scene.policy(ann, "approvals:\n  count: 1")
        answer = push(ann)
        assert answer.code == 0, answer.said
        tip = git(hub, "rev-parse", "mlgit").stdout
        made = scene.commit(ann, scene.promoted(ann, 2)).decode()
        refused = push(ann, f"{made}:refs/heads/mlgit")
        assert "approvals: 0 of 1" in refused.said
        assert "would be deleted" in push(ann, ":mlgit").said
        attack(ann, lambda _, tree: tree.update({b"x": ("120000", _link(place(ann)))}))
        assert "mode 120000" in push(ann).said
        assert git(hub, "rev-parse", "mlgit").stdout == tip
        git(place(ann), "branch", "-qf", "mlgit", "origin/mlgit", check=True)
        branch, head, _ = proposed(ann, 2)
        approve(ann, branch, head, "somebody")  # as the web server of the tests calls everybody
        answer = push(ann, MLGIT_USER="" if kind == "http" else "somebody")
        # What a client's environment says reaches no server but one on its own disk.
        assert (answer.code == 0) == (kind != "ssh"), answer.said
        if kind == "ssh":
            keys = hub.parent.with_name("served-ssh") / "authorized"
            keys.write_text(f"{_AS_SOMEBODY} {keys.read_text()}")
            assert push(ann).code == 0


def _link(path: Path) -> str:
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=path,
        input=b"/etc",
        capture_output=True,
        check=True,
    )
    return made.stdout.decode().strip()
