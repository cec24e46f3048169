"""What every part of the store stands on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from mlflow.store.entities.paged_list import PagedList

from mlgit.bridges.mlflow import addresses

if TYPE_CHECKING:
    from mlgit.client import MlgitClient
    from mlgit.tracker import Tracker

T = TypeVar("T")
_IS_PROMPT = "mlflow.prompt.is_prompt"


class Calls:
    """Calls on one store.

    Attributes:
        client: What they are made on.
        served: The address below which a server hands out artifacts; "" where they are found in
            the repository itself.
        hosted: Whether this is a server, which records what others run.
    """

    client: MlgitClient
    served: str = ""
    hosted: bool = False

    @property
    def tracker(self) -> Tracker:
        """The store as this process uses it."""
        return self.client.tracker

    def artifact_uri(self, run_id: str) -> str:
        """Where the artifacts of a run are, for MLflow."""
        if self.served:
            return f"{self.served.rstrip('/')}/runs/{run_id}"
        return addresses.of_run(self.tracker.place, run_id)

    def model_uri(self, model_id: str) -> str:
        """Where the files of a logged model are, for MLflow."""
        if self.served:
            return f"{self.served.rstrip('/')}/models/{model_id}"
        return addresses.of_model(self.tracker.place, model_id)


def paged(found: Iterable[T], token: str | None) -> PagedList[T]:
    """A page as MLflow passes it on."""
    return PagedList(list(found), token)


def filter_of(text: str | None) -> str:
    """A filter as MLflow's client hands it on: to a blank one it adds a part after an AND."""
    return (text or "").strip().removeprefix("AND ")


def models_of(text: str | None) -> str:
    """A filter of the registry: prompts are found only where it names their tag."""
    asked, models = filter_of(text), f"tags.`{_IS_PROMPT}` = 'false'"
    if _IS_PROMPT in asked:
        return asked
    return f"({asked}) AND {models}" if asked else models
