"""Guesses from the names of metrics."""

from __future__ import annotations

from math import inf, nan

import pytest

from mlgit.search.judging import best_value, lower_is_better, primary_metric, verdict
from tests.search.records import a_run


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        *((name, True) for name in ("loss", "val_loss", "RMSE", "test/mae", "error rate")),
        *((name, False) for name in ("acc", "val_acc", "f1", "auc", "r2", "closs", "precision")),
    ],
)
def test_which_way_is_better(metric: str, expected: bool) -> None:
    assert lower_is_better(metric) == expected


def test_the_metric_to_judge_by_is_common_held_out_and_high() -> None:
    def primary(*runs: list[str]) -> str:
        listed = [a_run(at, dict.fromkeys(keys, 0.5)) for at, keys in enumerate(runs)]
        return primary_metric(listed)

    assert primary() == ""
    assert primary(["system/cpu"]) == ""
    assert primary(["loss", "acc"]) == "acc"
    assert primary(["acc", "val_loss", "val_acc"]) == "val_acc"
    assert primary(["acc"], ["acc"], ["acc"], ["val_acc"]) == "acc"


def test_infinity_is_neither_best_nor_better() -> None:
    assert best_value("acc", [0.1, None, inf, 0.9, nan]) == 0.9
    assert best_value("loss", [0.1, -inf, 0.9]) == 0.1
    assert best_value("acc", [0.1, inf]) is None
    assert [verdict("acc", 0.5, after) for after in (0.9, 0.5, 0.1, inf, nan)] == [1, 0, -1, 0, 0]
    assert verdict("loss", 0.5, 0.1) == 1
    assert verdict("loss", inf, 0.1) == 0
