"""A history too long for git, as the API and the command line show it."""

from __future__ import annotations

import shutil

import pytest

import mlgit
from mlgit.records import layout
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.store.store import Store
from tests.cli.harness import done


@pytest.fixture
def run_id(store: Store) -> str:
    """A run of 3,000 points where git takes 10 kB."""
    with store.change("limits") as change:
        change.put(layout.SETTINGS, dump_settings(Settings(limits=Limits(metrics=10_000))))
    with mlgit.start_run() as run:
        for step in range(3_000):
            mlgit.log_metric("loss", 1 / (step + 1), step)
    return run.info.run_id


def test_the_client_returns_every_value(run_id: str) -> None:
    history = mlgit.MlgitClient().get_metric_history(run_id, "loss")
    assert [metric.step for metric in history] == list(range(3_000))
    assert [metric.value for metric in history] == [1 / (step + 1) for step in range(3_000)]


def test_where_its_bytes_are_not_the_client_returns_the_sample_and_warns(
    store: Store, run_id: str
) -> None:
    shutil.rmtree(store.data / "objects")
    with pytest.warns(UserWarning, match="down-sampled history of 3,000 points"):
        history = mlgit.MlgitClient().get_metric_history(run_id, "loss")
    assert 1_000 < len(history) <= 2_000
    assert [history[0].step, history[-1].step] == [0, 2_999]


def test_show_says_where_the_history_is(run_id: str) -> None:
    shown = done("show", run_id, "--table")
    assert "down-sampled: 3,000 points kept as artifact metric-history-" in shown
