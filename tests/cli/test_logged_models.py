"""A logged model from the script that logs it to a colleague's disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import mlgit as api
from mlgit.api import context
from mlgit.artifacts.cache import ObjectCache
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.support.repos import git, make_repo

BIG = b"0123456789" * 20_000


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a hub with a store and a folder for artifacts; `../saved` is a saved model."""
    make_repo(tmp_path / "code")
    git(tmp_path, "clone", "-q", "--bare", "code", "hub.git", check=True)
    git(tmp_path, "clone", "-q", "hub.git", "project", check=True)
    (tmp_path / "shelf").mkdir()
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "saved" / "weights.bin").write_bytes(BIG)
    monkeypatch.chdir(tmp_path / "project")
    done("init")
    done("remote", "add", "main", str(tmp_path / "shelf"))
    return tmp_path / "project"


def logged() -> tuple[str, str]:
    """The ids of a run and of the model that came out of it."""
    with api.start_run(run_name="one") as run:
        model = api.log_model("../saved", "trees", step=3)
    context.forget()
    return run.info.run_id, model.model_id


def test_push_brings_its_bytes_and_a_colleague_gets_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model_id = logged()
    assert "1 artifact (200.0 kB) sent to main" in mlgit("push").stderr
    git(project.parent, "clone", "-q", "hub.git", "colleague", check=True)
    monkeypatch.chdir(project.parent / "colleague")
    written = done("artifact", "get", f"models:/{model_id[:8]}").split()
    assert written == [f"{model_id}/MLmodel", f"{model_id}/weights.bin"]
    assert Path(model_id, "weights.bin").read_bytes() == BIG
    assert (
        "1 artifact, 200.0 kB: 0 in trouble"
        in mlgit("artifact", "verify", f"models:/{model_id}", "--remote", "--deep").stderr
    )
    place = api.download_artifacts(f"models:/{model_id}/weights.bin", dst_path="again")
    context.forget()
    assert Path(place).read_bytes() == BIG


@pytest.mark.usefixtures("project")
def test_show_names_the_models_of_a_run() -> None:
    run_id, model_id = logged()
    (found,) = json.loads(done("show", run_id, "--json"))["models"]
    assert found == {"id": model_id, "name": "trees", "step": 3}
    shown = mlgit("--color", "never", "show", "one", tty=True).screen
    lines = shown.splitlines()
    assert lines[lines.index(f"MODEL  {'id':<34}  step") + 1].split() == ["trees", model_id, "3"]


@pytest.mark.usefixtures("project")
def test_show_of_a_run_whose_model_is_not_here() -> None:
    with api.start_run(run_name="one"):
        api.log_outputs([api.entities.LoggedModelOutput("m-gone", 1)])
    context.forget()
    assert json.loads(done("show", "one", "--json"))["models"] == [
        {"id": "m-gone", "name": "", "step": 1}
    ]


def test_clean_up_keeps_its_bytes(project: Path) -> None:
    logged()
    with Store.open(project) as store:
        kept = ObjectCache(store.data / "objects")
        digest, _ = kept.put_bytes(b"named by nobody")
        for path in kept.root.rglob("?" * 64):
            os.utime(path, (0, 0))
        done("gc", "--delete")
        assert not kept.has(digest)
    assert "0 in trouble" in mlgit("artifact", "verify").stderr
    assert done("artifact", "verify", "--json").strip() == "[]"
