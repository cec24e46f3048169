"""`mlgit ci init`: checks for a forge come to the guarded branch, and no work tree is touched."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mlgit.ci import Wanted, place
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.support.repos import footprint, git

WANTED = Wanted("github", "mlgit", "mlgit", "0.1.0", ("@team/leads",))
GATE = ".github/workflows/mlgit-gate.yml"


def listed(repo: Path) -> set[str]:
    return set(git(repo, "ls-tree", "-r", "--name-only", "mlgit", check=True).stdout.split())


def test_the_files_are_one_commit_on_the_branch(repo: Path) -> None:
    done("init")
    before = footprint(repo)
    written = done("ci", "init", "github", "--owner", "@team/leads").splitlines()
    assert footprint(repo) == before
    assert GATE in written
    assert set(written) <= listed(repo)
    subject = git(repo, "log", "-1", "--format=%s", "mlgit", check=True).stdout.strip()
    assert subject == "ci: checks for github"
    assert mlgit("check").code == 0
    assert done("ci", "init", "github", "--owner", "@team/leads") == ""


def test_what_people_changed_stays_unless_they_say_otherwise(repo: Path) -> None:
    done("init")
    with Store.open(repo) as store:
        place(store, WANTED)
        with store.change("by hand") as change:
            change.put(GATE, b"mine\n")
            change.put("CODEOWNERS", b"* @me\n")
        kept = place(store, WANTED)
        assert (kept.written, kept.kept) == ([], [GATE, "CODEOWNERS"])
        assert store.snapshot().read(GATE) == b"mine\n"
        newer = place(store, WANTED._replace(version="0.2.0"), force=True)
        assert GATE in newer.written
        assert newer.kept == ["CODEOWNERS"]
        now = store.snapshot().read(GATE)
        assert now is not None
        assert b'MLGIT_VERSION: "0.2.0"' in now


@pytest.mark.usefixtures("repo")
def test_a_person_hears_what_is_left_to_do() -> None:
    done("init")
    said = mlgit("ci", "init", "github").stderr
    assert f"git checkout mlgit -- {GATE} .github/workflows/mlgit-report.yml" in said
    assert "docs/forges.md" in said
    assert mlgit("ci", "init", "gitlab", "--mlgit-version", "0.1; id").code == 2
    assert mlgit("ci", "init", "sourcehut").code == 2


@pytest.mark.full
def test_the_wheel_has_them(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    argv = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(root)]
    subprocess.run(argv, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {path.relative_to(root).as_posix() for path in (root / "templates").rglob("*.yml")}
    assert {f"mlgit/{name}" for name in wanted} <= names, json.dumps(sorted(names))
