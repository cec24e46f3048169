"""The provider of tags that MLflow's client asks at the start of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.bridges.mlflow.context import CodeContext
from mlgit.client import MlgitClient
from mlgit.records.run import RunStatus
from mlgit.runs import capture
from mlgit.runs.begin import RunRequest
from mlgit.store.store import Store
from tests.support.repos import git


@pytest.fixture(autouse=True)
def anew() -> None:
    capture.forget()


def test_it_says_what_the_code_is(repo: Path) -> None:
    Store.init(repo).store.close()
    commit = git(repo, "rev-parse", "HEAD").stdout.strip()
    (repo / "train.py").write_text("print('changed')\n")
    assert CodeContext().in_context()
    assert CodeContext().tags() == {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.dirty": "true",
    }


@pytest.mark.usefixtures("repo")
def test_elsewhere_it_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not CodeContext().in_context()
    monkeypatch.chdir(tmp_path)
    assert not CodeContext().in_context()
    assert CodeContext().tags() == {}


def test_a_run_of_another_process_says_nothing_of_this_one(repo: Path) -> None:
    store = Store.init(repo).store
    tracker = MlgitClient(repo).tracker
    live = tracker.start("Default", RunRequest(tags={"mlflow.user": "ada"}, captures=False))
    tracker.finish(live, RunStatus.FINISHED)
    run = tracker.view(live.id).run
    assert (run.user, run.host, run.code.commit, run.source.command) == ("ada", "", "", "")
    (folder,) = store.snapshot().find_run(live.id)
    assert "environment.txt" not in store.snapshot().names(folder)
