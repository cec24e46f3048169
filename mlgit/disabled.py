"""Stand-ins for the whole API under `MLGIT_DISABLED=1`: nothing is read, written or required.

Each name of `mlgit` that would touch a repository is looked up here instead. What is not
spelled out does nothing and returns None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from mlgit import times
from mlgit.entities import Experiment, LoggedModel, ModelVersion, PagedList, Run, RunStatus
from mlgit.records.run import Run as RunRecord

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

_ID = "0" * 16


class ActiveRun(Run):
    """A run that records nothing; a context manager like the real one."""

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(self, *_: object) -> None:
        end_run()


_stack: list[ActiveRun] = []


def start_run(run_id: str | None = None, *_: Any, **options: Any) -> ActiveRun:
    """A run that records nothing."""
    name = str(options.get("run_name") or "disabled")
    _stack.append(ActiveRun(_record(run_id or _ID, name)))
    return _stack[-1]


def end_run(*_: Any, **__: Any) -> None:
    """Forget the innermost stand-in."""
    if _stack:
        _stack.pop()


def active_run() -> ActiveRun | None:
    """The innermost stand-in that was started and not ended."""
    return _stack[-1] if _stack else None


def last_active_run() -> Run:
    """Some run."""
    return get_run()


def get_run(run_id: str = _ID, *_: Any, **__: Any) -> Run:
    """A run of that id that holds nothing."""
    return Run(_record(run_id, "disabled"))


def log_param(key: str, value: T, *_: Any, **__: Any) -> T:  # noqa: ARG001  # the real one's shape
    """Give the value back."""
    return value


def get_experiment(*_: Any, **__: Any) -> Experiment:
    """The default experiment."""
    return Experiment("0", "Default", "", "active", {}, 0, 0)


set_experiment = get_experiment_by_name = get_experiment


def create_experiment(*_: Any, **__: Any) -> str:
    """The id of the default experiment."""
    return "0"


def search_experiments(*_: Any, **__: Any) -> PagedList[Experiment]:
    """Nothing found."""
    return PagedList()


def log_model(*_: Any, **__: Any) -> LoggedModel:
    """A model that holds nothing."""
    now = times.now_ms()
    model_id = f"m-{_ID}{_ID}"
    return LoggedModel(model_id, "disabled", "0", None, "READY", None, None, now, now, {}, {})


get_logged_model = log_model


def register_model(*_: Any, **__: Any) -> ModelVersion:
    """A version of nothing."""
    now = times.now_ms()
    return ModelVersion(
        name="disabled",
        version="1",
        creation_timestamp=now,
        last_updated_timestamp=now,
        description="",
        user_id="",
        current_stage="None",
        source="",
        run_id=None,
        model_id=None,
        status="READY",
        status_message=None,
        tags={},
        aliases=[],
        uid=_ID,
        manifest="",
        signature="",
        provisional=False,
    )


create_model_version = get_model_version = get_model_version_by_alias = register_model


def search_model_versions(*_: Any, **__: Any) -> PagedList[ModelVersion]:
    """Nothing found."""
    return PagedList()


search_registered_models = search_model_versions


def search_runs(*_: Any, output_format: str = "pandas", **__: Any) -> pd.DataFrame | list[Run]:
    """Nothing found."""
    return PagedList() if output_format == "list" else load_table()


def load_table(*_: Any, **__: Any) -> pd.DataFrame:
    """A table without rows."""
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame()
    return frame


def list_artifacts(*_: Any, **__: Any) -> list[Any]:
    """Nothing found."""
    return []


def load_text(*_: Any, **__: Any) -> str:
    """An empty text."""
    return ""


def load_dict(*_: Any, **__: Any) -> dict[str, Any]:
    """An empty dictionary."""
    return {}


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Where the artifact would be."""
    return "/".join(filter(None, (f"runs:/{_ID}", artifact_path)))


download_artifacts = get_artifact_uri


def get_tracking_uri() -> str:
    """No store in particular."""
    return "mlgit:"


def is_tracking_uri_set() -> bool:
    """Whether a store was chosen: none is needed."""
    return False


class MlgitClient:
    """A client whose calls do nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.tracking_uri = get_tracking_uri()

    def create_run(self, *_: Any, **options: Any) -> Run:
        """A run that records nothing."""
        return Run(_record(_ID, str(options.get("run_name") or "disabled")))

    def search_runs(self, *_: Any, **__: Any) -> PagedList[Run]:
        """Nothing found."""
        return PagedList()

    def get_metric_history(self, *_: Any, **__: Any) -> PagedList[Any]:
        """Nothing found."""
        return PagedList()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = globals().get(name, _nothing)
        return found


def _nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


def _record(run_id: str, name: str) -> RunRecord:
    return RunRecord(
        id=run_id, name=name, experiment_id="0", status=RunStatus.RUNNING, start=times.now_ms()
    )


def __getattr__(name: str) -> Callable[..., None]:
    if name.startswith("_"):
        raise AttributeError(name)
    return _nothing
