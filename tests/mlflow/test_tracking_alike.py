"""Tracking through the plugin answers as MLflow's own store: generated calls, told alike."""

from __future__ import annotations

from itertools import count
from math import inf, nan
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mlflow.run_filters import FILTERS, ORDERS
from tests.mlflow.since import is_since, since
from tests.mlflow.tracking_calls import CALLS, Call, Side, alike

pytestmark = pytest.mark.full
_EXAMPLES = count()
_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_START = 1_700_000_000_000
#: Before, its searches took NaN for 0.
_NAN = nan if is_since("3.17") else 0.7
_BEGIN = [Call("create_experiment", ("{}churn",)), Call("create_run", ("e1", _START))]


@since("3.0", "the rules of names that are compared")
@settings(max_examples=200, deadline=None, suppress_health_check=_FIXTURES)
@given(calls=st.lists(CALLS, min_size=5, max_size=40))
def test_the_same_calls_have_the_same_answers(bridged: Any, theirs: Any, calls: list[Call]) -> None:
    prefix = f"p{next(_EXAMPLES)}-"
    ours, wanted = Side(bridged, prefix), Side(theirs, prefix)
    for call in [*_BEGIN, *(one for one in calls if hasattr(theirs, one.method))]:
        mine, right = ours.answer(call), wanted.answer(call)
        assert alike(call, mine, right), (call, mine, right)


@pytest.fixture
def filled(bridged: Any, theirs: Any) -> list[tuple[Any, str]]:
    """The same runs on both, ended but one; with the id of their experiment."""
    return [(client, _fill(client)) for client in (bridged, theirs)]


def _fill(client: Any) -> str:
    experiment: str = client.create_experiment("churn")
    for number in range(24):
        name = f"run {number:02}" if number % 3 else f"Otter-{number:02}"
        run = client.create_run(experiment, _START + number * 1_000, run_name=name).info.run_id
        if number % 4:
            client.log_metric(run, "acc", [0.5, _NAN, 0.9, inf][number % 4], _START, number)
            client.log_metric(run, "val.loss", number / 7, _START, 1)
        if number % 5:
            client.log_param(run, "lr", ["0.1", "1e-3", "big", "0.10"][number % 4])
            client.log_param(run, "a b", str(number))
        if number % 2:
            client.set_tag(run, "team", ["risk", "Risk", "a%b", "a_b"][number // 2 % 4])
        if number != 20:
            client.set_terminated(run, ["FINISHED", "FAILED"][number % 2], _START + number * 2_000)
        if number == 10:
            client.delete_run(run)
    return experiment


@settings(max_examples=600, deadline=None, suppress_health_check=_FIXTURES)
@given(text=FILTERS, order=ORDERS, size=st.integers(1, 30), view=st.sampled_from([1, 2, 3]))
def test_runs_are_found_alike(
    filled: list[tuple[Any, str]], text: str, order: list[str], size: int, view: int
) -> None:
    mine, wanted = (_pages(*side, text, order, size, view) for side in filled)
    assert isinstance(wanted, str) or mine == wanted, (mine, wanted)


def _pages(
    client: Any, experiment: str, text: str, order: list[str], size: int, view: int
) -> list[str] | str:
    found: list[str] = []
    token = None
    while True:
        try:
            page = client.search_runs([experiment], text, view, size, order, token)
        except Exception as error:
            return str(getattr(error, "error_code", error))
        found += [one.info.run_name for one in page]
        token = page.token
        if not token:
            return found
