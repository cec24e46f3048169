"""Calls on logged models, datasets and batches as values; `m1` is the first model, `r1` the run."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from math import inf
from typing import Any

from hypothesis import strategies as st

from tests.mlflow.tracking_calls import Call

_MODELS = st.sampled_from(["m1", "m1", "m2", "m9"])
_RUNS = st.sampled_from(["r1", "r1", "r9"])
#: Longer names, and keys that no run can have, MLflow takes for models alone: we do not.
_NAMES = st.sampled_from(["model", "other", "a/b", ""])
_KEYS = st.sampled_from(["lr", "a b", "val.loss"])
_TEXTS = st.sampled_from(["0.1", "", "ünï", "two\nlines"])
_TYPES = st.sampled_from([None, "classifier"])
_STATUSES = st.sampled_from(["READY", "FAILED"])
_PAIRS = st.dictionaries(_KEYS, _TEXTS, max_size=3)
_POINTS = st.lists(
    st.tuples(
        st.sampled_from(["acc", "loss"]),
        st.sampled_from([0.5, -1.0, inf, 1e300]),
        st.integers(-2, 9),
        st.sampled_from([None, None, "m1"]),
    ),
    max_size=6,
)
_DATASETS = {"acc": (None, None), "loss": ("train", "abc1")}
_FIRST = (-(10**18), 0, 0.0)
_DIGESTS = st.sampled_from(["abc1", "x" * 40])
_FILTERS = st.sampled_from(
    [
        None,
        "name = 'model'",
        "name LIKE 'mo%'",
        "metrics.acc > 0.4",
        "params.lr = '0.1'",
        "tags.lr != '0.1'",
        "model_type = 'classifier' AND name = 'other'",
        "nonsense",
        "metrics.acc = 'x'",
    ]
)
_ORDERS = st.sampled_from(
    [
        None,
        [{"field_name": "name", "ascending": True}],
        [{"field_name": "metrics.acc", "ascending": False}],
        [{"field_name": "nonsense"}],
    ]
)


def _call(method: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.tuples(*arguments).map(lambda found: Call(method, found))


CALLS = st.one_of(
    _call("create", _NAMES, _RUNS, _PAIRS, _PAIRS, _TYPES),
    _call("finalize_logged_model", _MODELS, _STATUSES),
    _call("get_logged_model", _MODELS),
    _call("set_logged_model_tags", _MODELS, _PAIRS),
    _call("delete_logged_model_tag", _MODELS, _KEYS),
    _call("delete_logged_model", _MODELS),
    _call("search", _FILTERS, _ORDERS),
    _call("batch", _RUNS, _POINTS, _PAIRS, _PAIRS),
    _call("batch", _RUNS, _POINTS, _PAIRS, _PAIRS),
    _call("made", _RUNS, _MODELS, st.just(0)),
    _call("used", _RUNS, st.sampled_from(["train", "test"]), st.sampled_from(["abc1", "x" * 40])),
    _call("run", _RUNS),
    _call("chart", _RUNS, st.integers(1, 8), st.sampled_from([None, (0, 4), (-2, 9), (20, 30)])),
)


def alike(_: Call, ours: Any, theirs: Any) -> bool:
    """Whether two answers mean the same; what is refused by both may have another code."""
    if all(str(one).startswith("refused: ") for one in (ours, theirs)):
        return True
    if theirs == "refused: BAD_REQUEST":  # what its tables say of a link that is there already
        return True
    return bool(ours == theirs)


class Side:
    """One client, with an experiment of one run, and the ids of the models that it has made."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.store = client._tracking_client.store
        self.experiment = client.create_experiment(name)
        run = client.create_run(self.experiment, 1_700_000_000_000).info.run_id
        self._ids = {"r1": run}
        self._clock = count(1_700_000_000_000)

    def answer(self, call: Call) -> Any:
        """What it says, in words that both have; or the code of its refusal."""
        try:
            own = getattr(self, f"_{call.method}", None)
            arguments = [self._ids.get(one, _absent(one)) for one in map(_hashable, call.arguments)]
            found = own(*arguments) if own else getattr(self.client, call.method)(*arguments)
        except Exception as error:
            if not hasattr(error, "error_code"):
                raise
            return f"refused: {error.error_code}"
        return self._told(found)

    def _create(self, name: str, run: str, tags: Any, params: Any, kind: str | None) -> Any:
        made = self.client.create_logged_model(
            self.experiment, name, run, dict(tags), dict(params), kind
        )
        self._ids[f"m{sum(key[0] == 'm' for key in self._ids) + 1}"] = made.model_id
        return made

    def _set_logged_model_tags(self, model: str, tags: Any) -> None:
        self.client.set_logged_model_tags(model, dict(tags))

    def _search(self, text: str | None, order: Any) -> Any:
        asked = None if order is None else [dict(one) for one in order]
        return list(self.client.search_logged_models([self.experiment], text, order_by=asked))

    def _batch(self, run: str, points: Any, params: Any, tags: Any) -> None:
        from mlflow.entities import Metric, Param, RunTag

        # Of two points of a model at one time and step MLflow's tables take only one.
        stamps = (next(self._clock) for _ in points)
        metrics = [
            Metric(key, value, stamp, step, self._ids.get(model or ""), *_DATASETS[key])
            for stamp, (key, value, step, model) in zip(stamps, points, strict=True)
        ]
        found = [Param(key, text) for key, text in params]
        self.client.log_batch(run, metrics, found, [RunTag(key, text) for key, text in tags])

    def _made(self, run: str, model: str, step: int) -> None:
        from mlflow.entities import LoggedModelOutput

        self.client.log_outputs(run, [LoggedModelOutput(model, step)])

    def _used(self, run: str, name: str, digest: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = Dataset(name, digest, "local", "{}", "{}", "{}")
        self.client.log_inputs(run, [DatasetInput(data, [InputTag("mlflow.data.context", "x")])])

    def _run(self, run: str) -> Any:
        return self.client.get_run(run)

    def _chart(self, run: str, most: int, steps: Any) -> Any:
        first, last = steps or (None, None)
        ask = self.store.get_metric_history_bulk_interval
        found = [one.to_dict() for one in ask([run], "acc", most, first, last)]
        return [(one["value"], one["timestamp"], one["step"]) for one in found]

    def _told(self, found: Any) -> Any:
        if isinstance(found, list):
            return [self._told(one) for one in found]
        tell = {"LoggedModel": self._model, "Run": self._whole}.get(type(found).__name__)
        return repr(found) if tell is None else tell(found)

    def _short(self, whole_id: str) -> str:
        return next((name for name, one in self._ids.items() if one == whole_id), "?")

    def _model(self, one: Any) -> Mapping[str, Any]:
        # MLflow's store gives every point (and takes a NaN for 0); we give the last ones.
        last: dict[tuple[str, str], tuple[int, int, float]] = {}
        for m in one.metrics or ():
            place = (m.key, m.dataset_name or "")
            last[place] = max(last.get(place, _FIRST), (m.step, m.timestamp, m.value))
        return {
            "id": self._short(one.model_id),
            "about": (one.name, one.model_type, str(one.status), self._short(one.source_run_id)),
            "params": dict(one.params),
            "tags": dict(one.tags),
            "metrics": last,
        }

    def _whole(self, one: Any) -> Mapping[str, Any]:
        datasets = [(use.dataset.name, use.dataset.digest) for use in one.inputs.dataset_inputs]
        models = [(self._short(made.model_id), made.step) for made in one.outputs.model_outputs]
        return {
            "metrics": {key: repr(value) for key, value in sorted(one.data.metrics.items())},
            "params": dict(one.data.params),
            "datasets": sorted(datasets),
            "models": sorted(models),
        }


def _hashable(one: Any) -> Any:
    """Arguments that may be names of ids are looked up, so all of them are hashable."""
    if isinstance(one, dict):
        return tuple(one.items())
    return tuple(map(_hashable, one)) if isinstance(one, list) else one


def _absent(one: Any) -> Any:
    return {"m1": _NO_MODEL, "m2": _NO_MODEL, "m9": _NO_MODEL, "r9": "0" * 32}.get(one, one)


_NO_MODEL = f"m-{'0' * 32}"
