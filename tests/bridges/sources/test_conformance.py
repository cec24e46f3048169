"""What holds for every source, whatever tool wrote it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mlgit.bridges.importing.bring import bring
from mlgit.bridges.sources.source import Source
from mlgit.checking import problems
from mlgit.client import MlgitClient
from mlgit.store.store import Store
from tests.bridges.sources.made import LOSSES, MADE


@pytest.fixture(params=MADE)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    folder = tmp_path / "source"
    folder.mkdir()
    return request.param, folder


@pytest.fixture
def source(place: tuple[str, Path]) -> Source:
    return MADE[place[0]](place[1])


def everything(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def anything(_: str) -> bool:
    return True


def test_reading_again_finds_the_same(source: Source) -> None:
    first, second = list(source.runs(anything)), list(source.runs(anything))
    assert first
    assert [one.run for one in first] == [one.run for one in second]


def test_what_is_not_wanted_is_not_read(source: Source) -> None:
    assert not list(source.runs(lambda _: False))


def test_every_run_has_an_experiment(source: Source) -> None:
    known = {one.id for one in source.experiments()}
    assert {one.run.experiment_id for one in source.runs(anything)} <= known


def test_points_and_parameters_arrive(source: Source, repo: Path) -> None:
    store = Store.init(repo).store
    brought = bring(store, source)
    client = MlgitClient(repo)
    (run,) = client.search_runs(["demo"]) or client.search_runs(
        [one.experiment_id for one in client.search_experiments()]
    )
    assert brought.runs == 1
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(one.step, one.value) for one in history] == list(enumerate(LOSSES))
    assert run.data.params["lr"] == "0.1"
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "demo"


def test_again_is_harmless_and_the_store_is_sound(source: Source, repo: Path) -> None:
    store = Store.init(repo).store
    bring(store, source)
    tip = store.snapshot().commit
    again = bring(store, source)
    assert (again.runs, again.known) == (0, 1)
    assert store.snapshot().commit == tip
    assert not problems(store, deep=True)


def test_nothing_is_changed_there(place: tuple[str, Path], source: Source, repo: Path) -> None:
    before = everything(place[1])
    bring(Store.init(repo).store, source)
    assert everything(place[1]) == before
