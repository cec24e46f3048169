"""All that MLflow's client says of a store, as plain values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ALL = 3  # MLflow's ViewType
Plain = dict[str, Any]


def everything(client: Any) -> Plain:
    """Experiments, runs with their histories, logged models and the registry."""
    experiments = client.search_experiments(view_type=_ALL)
    names = {one.experiment_id: one.name for one in experiments}
    ids = list(names)
    return {
        "experiments": {
            one.name: (one.lifecycle_stage, dict(one.tags), one.creation_time)
            for one in experiments
        },
        "runs": {
            one.info.run_id: _run(client, one, names)
            for one in client.search_runs(ids, run_view_type=_ALL, max_results=50_000)
        },
        "models": {one.model_id: _model(one) for one in client.search_logged_models(ids)},
        "registered": {one.name: _registered(one) for one in client.search_registered_models()},
        "versions": {
            f"{one.name}@{one.version}": _version(one) for one in client.search_model_versions()
        },
    }


def _run(client: Any, one: Any, names: dict[str, str]) -> Plain:
    info, data = one.info, one.data
    return {
        "about": (names[info.experiment_id], info.run_name, info.status, info.lifecycle_stage),
        "times": (info.start_time, info.end_time),
        "params": dict(data.params),
        "tags": dict(data.tags),
        "last": {key: _real(value) for key, value in data.metrics.items()},
        "points": {key: _points(client, info.run_id, key) for key in data.metrics},
        "datasets": [
            (*_dataset(use.dataset), {tag.key: tag.value for tag in use.tags})
            for use in one.inputs.dataset_inputs
        ],
        "made": [(model.model_id, model.step) for model in one.outputs.model_outputs],
        "files": sorted(file.path for file in client.list_artifacts(info.run_id)),
    }


def _dataset(one: Any) -> tuple[str, ...]:
    return one.name, one.digest, one.source_type, one.source, one.schema, one.profile


def _points(client: Any, run_id: str, key: str) -> list[tuple[Any, ...]]:
    """Once each: the file store repeats those that were logged again for a model."""
    found = client.get_metric_history(run_id, key)
    return sorted({(one.step, one.timestamp, _real(one.value)) for one in found})


def _real(value: float) -> str:
    """A number as text: a NaN is like another, an infinity like the largest number there is."""
    return repr(value).replace("1.7976931348623157e+308", "inf")


def _model(one: Any) -> tuple[Any, ...]:
    about = (one.name, str(one.status), one.model_type or "", one.source_run_id)
    return (*about, dict(one.tags), dict(one.params), one.creation_timestamp)


def _registered(one: Any) -> tuple[Any, ...]:
    aliases = {alias: int(number) for alias, number in dict(one.aliases).items()}
    return dict(one.tags), aliases, one.description or ""


def _version(one: Any) -> tuple[Any, ...]:
    about = (one.current_stage, one.source, one.run_id, one.status, one.description or "")
    return (*about, dict(one.tags), one.creation_timestamp)


def differences(first: Plain, second: Plain) -> list[str]:
    """What is not the same, each as a path and both values."""
    return list(_differ("", first, second))


def _differ(path: str, first: Any, second: Any) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}, key=str):
            yield from _differ(f"{path}/{key}", first.get(key), second.get(key))
    elif first != second:
        yield f"{path}: {first!r} and {second!r}"
