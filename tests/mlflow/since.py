"""Tests of what an older MLflow does not have, and calls that it spells otherwise."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import Any

import pytest


def since(oldest: str, what: str) -> pytest.MarkDecorator:
    """Skip a test of `what`, which MLflow has since the version `oldest`."""
    reason = f"MLflow has {what} since {oldest}"
    return pytest.mark.skipif(not is_since(oldest), reason=reason)


def is_since(oldest: str) -> bool:
    """Whether MLflow is of that version or newer."""
    return _installed() >= _numbers(oldest)


def log_doubler(mlflow: Any) -> Any:
    """Log a model that doubles, as `model` of the active run, and register it."""
    log = mlflow.pyfunc.log_model
    place = "name" if "name" in signature(log).parameters else "artifact_path"
    return log(
        **{place: "model"},
        python_model=lambda model_input: [2 * one for one in model_input],
        pip_requirements=[],
        registered_model_name="doubler",
    )


def _installed() -> tuple[int, ...]:
    """Newer than all where there is none: then each test says itself that it has no MLflow."""
    try:
        return _numbers(version("mlflow"))
    except PackageNotFoundError:
        return (99,)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(".")[:2])
