"""The history of a store as a feed: everything once, newest first, only what is wanted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from mlgit.runs import begin, edit
from mlgit.store.activity import Act, Choice, acts
from mlgit.store.store import Store
from tests.support.repos import git


@pytest.fixture
def store(repo: Path) -> Store:
    return Store.init(repo).store


def record(store: Store, experiment: str) -> str:
    run = begin.start(store, experiment)
    run.finish()
    return run.id


def feed(store: Store, choice: Choice = Choice()) -> list[Act]:  # noqa: B008
    snapshot = store.snapshot()
    return list(acts(snapshot.objects, snapshot.commit, choice))


def about(run_id: str) -> Choice:
    return Choice(frozenset({("Mlgit-Run", run_id)}))


def test_every_act_is_told_newest_first(store: Store) -> None:
    run_id = record(store, "churn")
    [folder] = store.snapshot().find_run(run_id)
    edit.set_tags(store, folder, {"team": "blue"})
    told = [act.what[0] for act in feed(store)]
    assert told[0] == f"run: tag team ({run_id})"
    assert told[1].startswith("run: ")
    assert told[2:] == ["store: created"]


def test_only_what_was_done_to_one_run(store: Store) -> None:
    one, other = record(store, "churn"), record(store, "churn")
    [folder] = store.snapshot().find_run(one)
    edit.set_note(store, folder, f"better than {other}")
    assert [act.trailers["Mlgit-Run"] for act in feed(store, about(one))] == [(one,), (one,)]
    assert len(feed(store, about(other))) == 1


def test_by_author_and_by_time(store: Store) -> None:
    record(store, "churn")
    newest = feed(store)[0]
    assert feed(store, Choice(author="ADA@")) == feed(store)
    assert feed(store, Choice(author="bob")) == []
    assert feed(store, Choice(since=newest.at + 1000)) == []


def test_what_a_merge_brought_is_told_and_the_merge_only_where_asked(
    store: Store, repo: Path
) -> None:
    base = store.snapshot().commit
    one = record(store, "churn")
    ours = store.snapshot().commit
    git(repo, "update-ref", "refs/heads/mlgit", base.decode(), check=True)
    other = record(store, "churn")
    theirs = store.snapshot().commit.decode()
    made = git(
        repo, "commit-tree", f"{theirs}^{{tree}}", "-p", theirs, "-p", ours.decode(), "-m", "m"
    )
    git(repo, "update-ref", "refs/heads/mlgit", made.stdout.strip(), check=True)
    told = feed(store)
    assert {run for act in told for run in act.trailers.get("Mlgit-Run", ())} == {one, other}
    assert [act.is_merge for act in told] == [False, False, False]
    assert [act.is_merge for act in feed(store, Choice(merges=True))].count(True) == 1


def test_a_page_reads_no_more_than_it_shows(store: Store, repo: Path) -> None:
    for _ in range(4):
        record(store, "churn")
    first = git(repo, "rev-list", "mlgit").stdout.split()[3]
    snapshot = store.snapshot()
    (repo / ".git" / "shallow").write_text(f"{first}\n")
    assert len(list(islice(acts(snapshot.objects, snapshot.commit, Choice()), 2))) == 2
    assert len(feed(store)) == 4
    (repo / ".git" / "shallow").unlink()
