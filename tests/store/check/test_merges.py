"""What a merge without mlgit has lost is named by `check`."""

from __future__ import annotations

from pathlib import Path

from mlgit.runs import begin
from mlgit.store.check.merges import check_merges
from mlgit.store.problem import Problem, Report
from mlgit.store.store import Store
from tests.support.repos import git


def found(store: Store, since: bytes | None = None) -> list[Problem]:
    report = Report()
    check_merges(store.snapshot(), report, since)
    return report.problems()


def test_a_run_that_a_merge_left_out_is_named(repo: Path) -> None:
    store = Store.init(repo).store
    base = store.snapshot().commit.decode()
    run = begin.start(store, "churn")
    run.finish()
    ours = store.snapshot().commit.decode()
    git(repo, "update-ref", "refs/heads/mlgit", base, check=True)
    begin.start(store, "other").finish()
    theirs = store.snapshot().commit.decode()
    tree = f"{theirs}^{{tree}}"
    made = git(repo, "commit-tree", tree, "-p", theirs, "-p", ours, "-m", "Merge branch x")
    git(repo, "update-ref", "refs/heads/mlgit", made.stdout.strip(), check=True)
    problems = found(store)
    assert {problem.code for problem in problems} == {"merge-lost"}
    assert any(run.id in problem.path for problem in problems)
    assert found(store, store.snapshot().commit) == []
    assert "was lost after a merge without mlgit" in problems[0].message
