"""What the tools themselves write today is read: each is installed and records a run."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mlgit.bridges.importing.bring import Brought, bring
from mlgit.bridges.sources.tools import open_tool
from mlgit.client import MlgitClient
from mlgit.entities.run import Run
from mlgit.store.store import Store
from tests.bridges.sources import tools

pytestmark = pytest.mark.full
PLACES = {
    "tensorboard": "demo",
    "wandb": "wandb",
    "dvc": "demo",
    "trackio": "demo.db",
    "sacred": "demo",
}
PACKAGES = {**{name: name for name in PLACES}, "dvc": "dvclive"}


@pytest.fixture(scope="module", params=PLACES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = str(request.param)
    if find_spec(PACKAGES[name]) is None:
        pytest.skip(f"{PACKAGES[name]} is not installed")
    folder = tmp_path_factory.mktemp(name)
    argv = [sys.executable, tools.__file__, name]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder / "home")}
    subprocess.run(argv, cwd=folder, env=env, check=True, capture_output=True, timeout=300)
    return folder / PLACES[name]


@pytest.fixture
def name(recorded: Path) -> str:
    """The tool, as the folder of its fixture is called."""
    return next(tool for tool in PLACES if recorded.parent.name.startswith(tool))


@pytest.fixture
def arrived(recorded: Path, name: str, repo: Path) -> tuple[Brought, MlgitClient, Run]:
    found = bring(Store.init(repo).store, open_tool(name, recorded))
    client = MlgitClient(repo)
    (run,) = client.search_runs([one.experiment_id for one in client.search_experiments()])
    return found, client, run


def test_its_history_and_parameters(arrived: tuple[Brought, MlgitClient, Run]) -> None:
    _, client, run = arrived
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == list(enumerate(tools.LOSSES))
    assert float(run.data.params["lr"]) == pytest.approx(0.1)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "demo"


def test_what_is_particular_to_it(arrived: tuple[Brought, MlgitClient, Run], name: str) -> None:
    found, client, run = arrived
    lost = {loss.what for loss in found.lost}
    files = {one.path for one in client.list_artifacts(run.info.run_id)}
    metrics, params, tags = run.data.metrics, run.data.params, run.data.tags
    particular = {
        "tensorboard": metrics.get("acc") == 0.75
        and files == {"text"}
        and "picture of train" in lost,
        "wandb": params.get("model.layers") == "3"
        and metrics.get("best") == 0.25
        and tags["mlflow.note.content"] == "hello"
        and any(what.startswith("word of run") for what in lost),
        "dvc": metrics.get("train/acc") == 0.75,
        "trackio": run.info.run_name == "first",
        "sacred": tags.get("sacred.result") == "3.5" and "weights.txt" in files,
    }
    assert particular[name], (metrics, params, tags, files, lost)


def test_again_is_harmless(recorded: Path, name: str, repo: Path) -> None:
    store = Store.init(repo).store
    bring(store, open_tool(name, recorded))
    assert bring(store, open_tool(name, recorded)).runs == 0
