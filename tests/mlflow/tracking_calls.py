"""Calls of tracking as values, made on two clients and told alike; ids by when they were given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, nan
from typing import Any, NamedTuple

from hypothesis import strategies as st

_EXPERIMENTS = st.sampled_from(["e1", "e2", "e9"])
_NAMES = st.sampled_from(["{}churn", "{}spam", "", "{}a/b"])
_RUNS = st.sampled_from(["r1", "r1", "r2", "r9"])
_KEYS = st.sampled_from(["lr", "acc", "a/b", "a b", "val.loss", "", "../x", "k" * 251, "ünï"])
_TEXTS = st.sampled_from(["0.1", "", "x" * 6_001, "ünï", "two\nlines"])
_VALUES = st.sampled_from([0.5, -1.0, 1e300, nan, inf, -inf, 3.0])
_STEPS = st.sampled_from([0, 1, -3, 7])
_TIMES = st.sampled_from([1_700_000_000_000, 1_700_000_000_500])
_STATUSES = st.sampled_from(["FINISHED", "FAILED", "RUNNING", "KILLED", "SCHEDULED"])


class Call(NamedTuple):
    """One method and its arguments: `r1` is the first run, `e1` the first experiment."""

    method: str
    arguments: tuple[Any, ...]


#: What can never be a name, key or value: then any refusal is right.
_MALFORMED = frozenset({"", "../x", "k" * 251, "x" * 6_001})


def alike(call: Call, ours: Any, theirs: Any) -> bool:
    """Whether two answers to a call mean the same."""
    refused = [str(one).startswith("refused: ") for one in (ours, theirs)]
    if all(refused) and any(one in _MALFORMED for one in call.arguments if isinstance(one, str)):
        return True
    if theirs == "refused: INVALID_STATE":  # which clients of a server would ask for seven times
        return refused[0]
    if theirs == "refused: BAD_REQUEST":  # what a constraint of its database says of a name
        return refused[0]
    return bool(ours == theirs)


def _call(method: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.tuples(*arguments).map(lambda found: Call(method, found))


CALLS = st.one_of(
    _call("create_experiment", _NAMES),
    _call("get_experiment", _EXPERIMENTS),
    _call("get_experiment_by_name", _NAMES),
    _call("rename_experiment", _EXPERIMENTS, _NAMES),
    _call("delete_experiment", _EXPERIMENTS),
    _call("restore_experiment", _EXPERIMENTS),
    _call("set_experiment_tag", _EXPERIMENTS, _KEYS, _TEXTS),
    _call("delete_experiment_tag", _EXPERIMENTS, _KEYS),
    _call("create_run", _EXPERIMENTS, _TIMES),
    _call("get_run", _RUNS),
    _call("log_metric", _RUNS, _KEYS, _VALUES, _TIMES, _STEPS),
    _call("log_metric", _RUNS, _KEYS, _VALUES, _TIMES, _STEPS),
    _call("log_param", _RUNS, _KEYS, _TEXTS),
    _call("set_tag", _RUNS, _KEYS, _TEXTS),
    _call("delete_tag", _RUNS, _KEYS),
    _call("get_metric_history", _RUNS, _KEYS),
    _call("update_run", _RUNS, _STATUSES),
    _call("set_terminated", _RUNS, _STATUSES, _TIMES),
    _call("delete_run", _RUNS),
    _call("restore_run", _RUNS),
    _call("get_run", _RUNS),
)


class Side:
    """One client, and the ids that it has given."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.client, self._prefix = client, prefix
        self._ids: dict[str, str] = {}

    def answer(self, call: Call) -> Any:
        """What it says, in words that both have; or the code of its refusal."""
        arguments = [self._meant(one) for one in call.arguments]
        try:
            found = getattr(self.client, call.method)(*arguments)
        except Exception as error:
            if not hasattr(error, "error_code"):
                raise
            return f"refused: {error.error_code}"
        return self.told(call, found)

    def told(self, call: Call, found: Any) -> Any:
        """A result without what only one of them knows."""
        if call.method == "create_experiment":
            return self._named("e", found)
        if call.method == "create_run":
            self._named("r", found.info.run_id)
        return _tell(found, self._short)

    def _meant(self, one: Any) -> Any:
        if not isinstance(one, str):
            return one
        missing = "9" * 18 if one.startswith("e") else "0" * 32
        if one in _PLACES:
            return self._ids.get(one, missing)
        return one.format(self._prefix) if "{}" in one else one

    def _named(self, kind: str, whole_id: str) -> str:
        number = 1 + sum(name.startswith(kind) for name in self._ids)
        self._ids[f"{kind}{number}"] = whole_id
        return f"{kind}{number}"

    def _short(self, whole_id: str) -> str:
        return next((name for name, one in self._ids.items() if one == whole_id), "?")


_PLACES = ("e1", "e2", "e9", "r1", "r2", "r9")
_OURS = ("mlflow.source", "mlflow.user", "mlflow.runName", "mlgit.", "mlflow.project")


def _tell(found: Any, short: Callable[[str], str]) -> Any:
    if isinstance(found, list):
        return [_tell(one, short) for one in found]
    teller = _TELLERS.get(type(found).__name__)
    return found if teller is None else teller(found, short)


def _run(found: Any, short: Callable[[str], str]) -> dict[str, Any]:
    tags = {key: one for key, one in found.data.tags.items() if not key.startswith(_OURS)}
    return {
        "id": short(found.info.run_id),
        "experiment": short(found.info.experiment_id),
        "status": found.info.status,
        "start": found.info.start_time,
        "lifecycle": found.info.lifecycle_stage,
        "params": dict(found.data.params),
        "metrics": {key: repr(one) for key, one in sorted(found.data.metrics.items())},
        "tags": tags,
    }


def _experiment(found: Any, short: Callable[[str], str]) -> dict[str, Any]:
    return {
        "id": short(found.experiment_id),
        "name": found.name,
        "lifecycle": found.lifecycle_stage,
        "tags": dict(found.tags),
    }


def _metric(found: Any, _: Callable[[str], str]) -> tuple[Any, ...]:
    return found.key, repr(found.value), found.timestamp, found.step


_TELLERS: Mapping[str, Callable[[Any, Callable[[str], str]], Any]] = {
    "Run": _run,
    "Experiment": _experiment,
    "Metric": _metric,
}
