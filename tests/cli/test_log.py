"""The feed of `mlgit log` at its edges."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.harness import done, mlgit
from tests.support.repos import git


@pytest.fixture
def store(repo: Path) -> Path:
    done("init")
    done("log-run", "-e", "churn", "--name", "otter", "-m", "acc=0.9")
    return repo


def add_commit(repo: Path, message: str, *, author: str = "Eve") -> None:
    tip = git(repo, "rev-parse", "mlgit").stdout.strip()
    made = subprocess.run(
        ["git", "commit-tree", f"{tip}^{{tree}}", "-p", tip],
        cwd=repo,
        input=message.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=True,
        env={**os.environ, "GIT_AUTHOR_NAME": author},
    )
    git(repo, "update-ref", "refs/heads/mlgit", made.stdout.decode().strip(), check=True)


@pytest.mark.parametrize("form", ["--table", "--json", "--csv", "--jsonl"])
def test_hostile_words_cannot_move_the_cursor(store: Path, form: str) -> None:
    add_commit(
        store, "run: \x1b[2Jevil \u202e (x)\n\nMlgit-Run: \x1b]0;x\x07\n", author="E\x1b[1mve"
    )
    shown = done("log", form)
    assert "evil" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_commit_of_a_person_or_of_bytes_that_are_no_text_is_shown(store: Path) -> None:
    add_commit(store, "fixed by hand\n")
    add_commit(store, "\udcff\udcfe\n")
    assert "fixed by hand" in done("log", "--table")
    assert len(json.loads(done("log", "--json"))) == 4


def test_runs_that_shared_a_commit_are_told_one_by_one_where_they_are_few(store: Path) -> None:
    few = "".join(f"run: r{number} (churn) finished\n" for number in range(3))
    add_commit(store, f"runs: 3 runs (churn) r0, r1, r2\n\n{few}")
    many = "".join(f"run: m{number} (churn) finished\n" for number in range(30))
    add_commit(store, f"runs: 30 runs (churn) m0, m1\n\n{many}")
    shown = done("log", "--table")
    assert "r0 (churn)" in shown
    assert "r2 (churn)" in shown
    assert "runs: 30 runs" in shown
    assert "m7 (churn)" not in shown


def test_a_table_is_a_page_and_says_where_the_rest_is(store: Path) -> None:
    for number in range(31):
        add_commit(store, f"note {number}\n")
    result = mlgit("log", tty=True)
    assert result.stdout.count("note ") == 30
    assert "mlgit log -n 120" in result.stderr
    assert len(done("log").splitlines()) == 33
