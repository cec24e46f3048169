"""What mlgit does not keep says so with a code that no client asks for again."""

from __future__ import annotations

from inspect import isfunction
from typing import Any

import pytest

from mlgit import MlgitClient

pytestmark = pytest.mark.full


def refused(store: Any) -> list[str]:
    """The methods that MLflow's base class has and a store of ours answers NOT_IMPLEMENTED."""
    kind = type(store)
    public = (name for name in dir(kind) if not name.startswith("_"))
    return [name for name in public if getattr(getattr(kind, name), "refuses", False)]


def call(store: Any, name: str) -> Any:
    """The code of the refusal."""
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as found:
        getattr(store, name)()
    return found.value.error_code


def test_every_call_that_is_left_out_is_refused_in_one_way(ours: MlgitClient) -> None:
    pytest.importorskip("mlflow")
    from mlgit.bridges.mlflow.plugin import registry_store, tracking_store

    assert refused(tracking_store(ours.tracking_uri))
    for store in (tracking_store(ours.tracking_uri), registry_store(ours.tracking_uri)):
        assert {call(store, name) for name in refused(store)} <= {"NOT_IMPLEMENTED"}
        for name in (one for one in dir(type(store)) if not one.startswith("__")):
            method = getattr(type(store), name)
            code = getattr(method, "__code__", None)
            if isfunction(method) and code is not None:
                assert "NotImplementedError" not in code.co_names, name
