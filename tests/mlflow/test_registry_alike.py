"""The registry answers as MLflow's own, call for call: generated calls on both, told alike."""

from __future__ import annotations

from itertools import count, cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit import MlgitClient
from mlgit.errors import MlgitError
from tests.mlflow.registry_calls import CALLS, Call, alike, answer, code_of
from tests.mlflow.registry_filters import (
    MODEL_FILTERS,
    MODEL_ORDERS,
    VERSION_FILTERS,
    VERSION_ORDERS,
)
from tests.mlflow.since import since

pytestmark = pytest.mark.full
MODELS = {"churn": {"team": "risk"}, "Spam": {"a b": "1"}, "spam": {}, "a b": {"team": "RISK"}}
_EXAMPLES = count()
_TURNS = cycle([False, True])
_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@since("3.0", "the rules of names that are compared")
@settings(max_examples=100, deadline=None, suppress_health_check=_FIXTURES)
@given(calls=st.lists(CALLS, min_size=5, max_size=40))
def test_the_same_calls_have_the_same_answers(
    ours: MlgitClient, bridged: Any, theirs: Any, calls: list[Call]
) -> None:
    client = bridged if next(_TURNS) else ours
    prefix = f"p{next(_EXAMPLES)}-"
    begin = [Call("create_registered_model", ("{}churn",))]
    begin += [Call("create_model_version", ("{}churn", "s3://bucket/one"))] * 2
    gone: set[str] = set()
    for call in [*begin, *calls]:
        if call.revives(gone):  # there the numbers go on: no version is ever mistaken for another
            continue
        mine, wanted = answer(client, call, prefix), answer(theirs, call, prefix)
        assert alike(call, mine, wanted), (call, mine, wanted)


@pytest.fixture(params=["ours", "bridged"])
def filled(request: pytest.FixtureRequest, ours: MlgitClient, theirs: Any) -> tuple[Any, Any]:
    """The same models and versions on both; ours are asked for by name, or through the plugin."""
    for client in (ours, theirs):
        for name, tags in MODELS.items():
            client.create_registered_model(name, tags=tags)
            for number in range(1, 4):
                client.create_model_version(name, f"s3://{name[0]}/{number}", tags=tags)
        client.delete_model_version("spam", "2")
        client.set_model_version_tag("churn", "2", "team", "other")
        client.transition_model_version_stage("churn", "3", "Staging")
    return request.getfixturevalue(request.param), theirs


def pages(search: Any, size: int, text: str, order: list[str]) -> list[Any] | str:
    """All pages of a search, or how it was refused."""
    found, token = [], None
    while True:
        try:
            page = search(text, max_results=size, order_by=order, page_token=token)
        except MlgitError as error:
            return code_of(error)
        except Exception as error:
            return str(getattr(error, "error_code", error))
        found += [(one.name, str(getattr(one, "version", ""))) for one in page]
        token = page.token
        if not token:
            return found


def same(ours: list[Any] | str, theirs: list[Any] | str) -> bool:
    """Whether what MLflow finds is found in the same order; what it cannot read we may."""
    return isinstance(theirs, str) or ours == theirs


@settings(max_examples=400, deadline=None, suppress_health_check=_FIXTURES)
@given(text=MODEL_FILTERS, order=MODEL_ORDERS, size=st.integers(1, 5))
def test_models_are_found_alike(
    filled: tuple[Any, Any], text: str, order: list[str], size: int
) -> None:
    mine, wanted = (pages(one.search_registered_models, size, text, order) for one in filled)
    assert same(mine, wanted), (mine, wanted)


@settings(max_examples=400, deadline=None, suppress_health_check=_FIXTURES)
@given(text=VERSION_FILTERS, order=VERSION_ORDERS, size=st.integers(1, 12))
def test_versions_are_found_alike(
    filled: tuple[Any, Any], text: str, order: list[str], size: int
) -> None:
    order = order or ["name"]  # else by times, which are equal within a millisecond
    mine, wanted = (pages(one.search_model_versions, size, text, order) for one in filled)
    assert same(mine, wanted), (mine, wanted)
