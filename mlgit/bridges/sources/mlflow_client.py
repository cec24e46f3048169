"""Any other store of MLflow (a server, another database), asked through MLflow's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.bridges.sources.mlflow_values import experiment_of, registered_of, run_of, version_of
from mlgit.bridges.sources.source import (
    Files,
    FoundModel,
    FoundRegistered,
    FoundRun,
    FoundVersion,
    RunSource,
    Wanted,
)
from mlgit.errors import InvalidValue, RemoteFailed
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink
from mlgit.records.logged_model import LoggedModel
from mlgit.records.metrics import Point

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel as TheirModel
    from mlflow.entities import Run as TheirRun

    from mlgit.records.experiment import Experiment

_PAGE = 1_000
_ALL = 3  # MLflow's ViewType


class Client(RunSource):
    """A store that MLflow has an address for: `http://…`, `postgresql://…`, a plugin's."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"MLflow's store {_shown(uri)}")
        self._uri, self._client = uri, _client(uri)
        self._ids: list[str] = []

    def experiments(self) -> list[Experiment]:
        """All of them."""
        found = _pages(partial(self._client.search_experiments, _ALL, _PAGE))
        experiments = [experiment_of(one.experiment_id, dict(one), dict(one.tags)) for one in found]
        self._ids = [one.id for one in experiments]
        return experiments

    def runs(self, wanted: Wanted) -> Iterator[FoundRun]:
        """The runs that are wanted, oldest first; their points are asked for metric by metric."""
        for experiment in self._ids:
            for one in self._runs(experiment):
                if wanted(one.info.run_id):
                    yield self._found(one)

    def _runs(self, experiment: str) -> Iterator[TheirRun]:
        order = ["attributes.start_time ASC"]
        yield from _pages(partial(self._client.search_runs, [experiment], "", _ALL, _PAGE, order))

    def _found(self, one: TheirRun) -> FoundRun:
        tags = dict(one.data.tags)
        run = run_of(one.info.run_id, one.info.experiment_id, dict(one.info), tags)
        run = run._replace(params=dict(one.data.params))
        points = [point for key in one.data.metrics for point in self._points(run.id, key)]
        files = self._files(run.id, one.info.artifact_uri)
        return FoundRun(run, tags, points, _inputs(one), files)

    def _points(self, run_id: str, key: str) -> Iterator[Point]:
        for one in self._client.get_metric_history(run_id, key):
            yield Point(
                one.step,
                one.timestamp,
                one.key,
                one.value,
                getattr(one, "model_id", None) or "",
                getattr(one, "dataset_name", None) or "",
                getattr(one, "dataset_digest", None) or "",
            )

    def _files(self, run_id: str, uri: str) -> Files:
        """An address where there is anything at all, which only the store of artifacts knows."""
        from mlflow.exceptions import MlflowException

        try:
            return Files(uri=uri) if self._client.list_artifacts(run_id) else Files()
        except (MlflowException, OSError) as error:
            self.lose(f"run {run_id}", f"its artifacts at {uri} cannot be listed: {error}")
            return Files()

    def models(self, wanted: Wanted) -> Iterator[FoundModel]:
        """The logged models that are wanted; none of a server before MLflow 3."""
        if not hasattr(self._client, "search_logged_models"):
            return
        for experiment in self._ids:
            search = partial(self._client.search_logged_models, [experiment], max_results=100)
            for one in _pages(search):
                if wanted(one.model_id):
                    yield FoundModel(_model(one), Files(uri=one.artifact_location))

    def registered(self) -> Iterator[FoundRegistered]:
        """The registered models."""
        for one in _pages(partial(self._client.search_registered_models, max_results=100)):
            versions = _pages(
                partial(self._client.search_model_versions, f"name = '{one.name}'", _PAGE)
            )
            found = [
                FoundVersion(version_of(int(v.version), dict(v), dict(v.tags)), v.current_stage)
                for v in versions
            ]
            aliases = {alias: int(number) for alias, number in dict(one.aliases).items()}
            yield FoundRegistered(registered_of(dict(one), dict(one.tags)), found, aliases)

    def fetch(self, uri: str, into: Path) -> Path:
        """Copy artifacts through MLflow, which has the server's address and the credentials.

        Raises:
            RemoteFailed: They cannot be copied.
        """
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        try:
            found = download_artifacts(artifact_uri=uri, dst_path=str(into), tracking_uri=self._uri)
        except MlflowException as error:
            raise RemoteFailed(f"MLflow cannot fetch {uri}: {error}") from error
        return Path(found)


def _client(uri: str) -> MlflowClient:
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise InvalidValue(
            f"{_shown(uri)} is read through MLflow, which is not installed",
            'pip install "mlgit[mlflow]"',
        ) from error
    try:
        return MlflowClient(uri)
    except MlflowException as error:
        raise InvalidValue(f"{_shown(uri)} is no store of MLflow: {error}") from error


def _shown(uri: str) -> str:
    """An address without what may be a password."""
    scheme, sign, rest = uri.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}"


def _pages(ask: Callable[..., Any]) -> Iterator[Any]:
    token = None
    while True:
        page = ask(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _inputs(run: TheirRun) -> Inputs:
    used = getattr(run.inputs, "dataset_inputs", None) or ()
    datasets = [
        DatasetInput(
            one.dataset.name,
            one.dataset.digest,
            one.dataset.source_type,
            one.dataset.source,
            one.dataset.schema or "",
            one.dataset.profile or "",
            {tag.key: tag.value for tag in one.tags},
        )
        for one in used
    ]
    read = getattr(run.inputs, "model_inputs", None) or ()
    made = getattr(getattr(run, "outputs", None), "model_outputs", None) or ()
    links = [ModelLink(one.model_id, "in") for one in read]
    links += [ModelLink(one.model_id, "out", one.step) for one in made]
    return Inputs(tuple(datasets), tuple(links))


def _model(one: TheirModel) -> LoggedModel:
    return LoggedModel(
        id=one.model_id,
        name=one.name,
        experiment_id=one.experiment_id,
        status=str(one.status.value),
        created=one.creation_timestamp,
        updated=one.last_updated_timestamp,
        params=dict(one.params),
        tags=dict(one.tags),
        status_message=one.status_message or "",
        model_type=one.model_type or "",
        source_run=one.source_run_id or "",
    )
