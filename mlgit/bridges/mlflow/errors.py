"""Our errors in MLflow's codes, which its REST server turns into answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import isfunction
from typing import NoReturn, ParamSpec, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    INTERNAL_ERROR,
    INVALID_PARAMETER_VALUE,
    NOT_IMPLEMENTED,
    PERMISSION_DENIED,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_CONFLICT,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
)

from mlgit import errors

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

#: A wrong state has no code of its own: clients ask again seven times where it is INVALID_STATE.
_CODES: Mapping[type[errors.MlgitError], int] = {
    errors.NotFound: RESOURCE_DOES_NOT_EXIST,
    errors.NoStore: RESOURCE_DOES_NOT_EXIST,
    errors.NotARepository: RESOURCE_DOES_NOT_EXIST,
    errors.AlreadyExists: RESOURCE_ALREADY_EXISTS,
    errors.InvalidValue: INVALID_PARAMETER_VALUE,
    errors.Ambiguous: INVALID_PARAMETER_VALUE,
    errors.InvalidState: INVALID_PARAMETER_VALUE,  # or what the store says of deleted things
    errors.Guarded: PERMISSION_DENIED,
    errors.Conflict: RESOURCE_CONFLICT,
    errors.Unsupported: NOT_IMPLEMENTED,
    errors.RemoteFailed: TEMPORARILY_UNAVAILABLE,
}


def as_mlflow(error: errors.MlgitError, gone: int = INVALID_PARAMETER_VALUE) -> MlflowException:
    """The exception that MLflow knows what to do with; `gone` is the code for what was deleted."""
    kind = next((kind for kind in type(error).__mro__ if kind in _CODES), errors.MlgitError)
    code = gone if kind is errors.InvalidState else _CODES.get(kind, INTERNAL_ERROR)
    text = f"{error.message} ({error.hint})" if error.hint else error.message
    return MlflowException(text, error_code=code)


def not_implemented(what: str) -> MlflowException:
    """The answer to a call that a store of files has nothing for: 501, which nobody retries."""
    return MlflowException(
        f"{what} is not kept in a git branch; mlgit's docs/mlflow.md lists what is",
        error_code=NOT_IMPLEMENTED,
    )


def speaking_mlflow(kind: C, *, gone: int = INVALID_PARAMETER_VALUE) -> C:
    """A class whose methods raise MLflow's exceptions: of ours, and of those it does not have.

    What MLflow's base class leaves open raises NotImplementedError there, for which its server
    answers with a page of HTML that clients ask for seven times.
    """
    for name in dir(kind):
        method = getattr(kind, name)
        if name.startswith("__") or not isfunction(method):
            continue
        if method.__module__.startswith("mlgit."):
            setattr(kind, name, _translated(method, gone))
        elif "NotImplementedError" in method.__code__.co_names:
            setattr(kind, name, _refusing(name))
    return kind


def _translated(method: Callable[P, T], gone: int) -> Callable[P, T]:
    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except errors.MlgitError as error:
            raise as_mlflow(error, gone) from error

    return call


def _refusing(name: str) -> Callable[..., NoReturn]:
    def call(*_: object, **__: object) -> NoReturn:
        raise not_implemented(name)

    call.refuses = True  # type: ignore[attr-defined]  # for whoever lists what is not kept
    return call
