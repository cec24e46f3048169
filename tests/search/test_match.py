"""What a comparison means on one value; `docs/query.md` shows the rest."""

from __future__ import annotations

from math import inf, nan

import pytest

from mlgit.records.experiment import Experiment
from mlgit.records.inputs import DatasetInput
from mlgit.records.run import Code, Source
from mlgit.search.fields import EXPERIMENTS
from mlgit.search.match import matches, matches_experiment
from mlgit.search.query import parse
from tests.search.records import T0, a_run

RUN = a_run(
    1,
    {"acc": 0.5, "none": nan, "top": inf},
    params={"lr": "0.10", "seed": "9007199254740993", "empty": ""},
    tags={"team": "risk", "mlflow.source.git.dirty": "perhaps"},
    code=Code(commit="c0ffee", branch="main"),
    source=Source(name="train.py"),
    user="ada",
)
DATA = [
    DatasetInput("train", "d1", "local", "{}", tags={"mlflow.data.context": "training"}),
    DatasetInput("test", "d2", "local", "{}"),
]


@pytest.mark.parametrize(
    "query",
    [
        "metrics.acc = 0.5",
        "metrics.none = nan AND metrics.none != 5 AND metrics.acc != nan",
        "metrics.none IN (nan) AND NOT metrics.none NOT IN (nan)",
        "metrics.top > 1e308 AND metrics.top = inf",
        "params.lr = 0.1 AND params.lr != '0.1' AND params.lr >= 0.1",
        "params.seed = 9007199254740993 AND params.seed > 9007199254740992",
        "params.empty = '' AND params.empty IS NOT NULL AND params.empty != 0",
        "tags.team > 'rise' AND tags.team < 'risl'",
        "tags.mlflow.user = 'ada' AND user LIKE 'a%'",
        "tags.mlflow.source.git.commit = 'c0ffee'",
        "dirty = 'perhaps'",
        "source_type = 'LOCAL'",
        "datasets.name = 'train' AND datasets.name != 'train'",
        "datasets.context = 'training' AND NOT datasets.context = 'test'",
        "datasets.digest NOT IN ('d1')",
        "artifact_uri LIKE 'runs:/%1'",
        "experiment = 'churn' AND NOT experiment = 'other'",
        "note IS NULL AND parent IS NULL AND host IS NULL",
        "NOT parent = '' AND NOT parent != ''",
        "duration = 0.5",
    ],
)
def test_it_is_so(query: str) -> None:
    assert matches(parse(query), RUN, "churn", DATA)
    assert not matches(parse(f"NOT ({query})"), RUN, "churn", DATA)


@pytest.mark.parametrize(
    "query",
    [
        "metrics.none > 0 OR metrics.none <= 0 OR metrics.none = 0",
        "metrics.nosuch != 1 OR metrics.nosuch = nan OR metrics.nosuch NOT IN (1)",
        "params.nosuch NOT LIKE 'x' OR tags.nosuch != 'x'",
        "params.empty = 0 OR params.empty < 1 OR params.empty >= 1",
        "end_time IS NULL OR duration > 1",
        "datasets.context != 'training'",
    ],
)
def test_it_is_not_so(query: str) -> None:
    assert not matches(parse(query), RUN, "churn", DATA)


def test_a_run_of_an_unknown_experiment_has_none() -> None:
    assert matches(parse("experiment IS NULL"), RUN)


def test_experiments_match_by_their_fields() -> None:
    churn = Experiment("1", "churn", "churn", T0, T0 + 5, note="n", tags={"team": "risk"})
    for query in (
        "name LIKE 'ch%' AND experiment_id = '1' AND tags.team = 'risk'",
        f"creation_time = {T0} AND last_update_time > {T0}",
        "tags.mlflow.note.content = 'n'",
        "tags.other IS NULL AND NOT name = 'x'",
    ):
        assert matches_experiment(parse(query, EXPERIMENTS), churn)
    for query in ("name = 'x'", "tags.other != 'x'", "note IS NULL"):
        assert not matches_experiment(parse(query, EXPERIMENTS), churn)
