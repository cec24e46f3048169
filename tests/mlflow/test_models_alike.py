"""Logged models, datasets, batches and charts through the plugin answer as MLflow's own store."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mlflow.model_calls import CALLS, Side, alike
from tests.mlflow.since import since
from tests.mlflow.tracking_calls import Call

pytestmark = [pytest.mark.full, since("3.0", "logged models")]
_EXAMPLES = count()
_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=200, deadline=None, suppress_health_check=_FIXTURES)
@given(calls=st.lists(CALLS, min_size=5, max_size=30))
def test_the_same_calls_have_the_same_answers(bridged: Any, theirs: Any, calls: list[Call]) -> None:
    name = f"models-{next(_EXAMPLES)}"
    ours, wanted = Side(bridged, name), Side(theirs, name)
    for call in [Call("create", ("model", "r1", {}, {}, None)), *calls]:
        mine, right = ours.answer(call), wanted.answer(call)
        assert alike(call, mine, right), (call, mine, right)
