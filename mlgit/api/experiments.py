"""Experiments: chosen for the runs to come, made, found, tagged, deleted and restored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlgit.api.context import client, tracker
from mlgit.api.context import experiment as in_use
from mlgit.entities.values import Experiment, ViewType
from mlgit.errors import InvalidState, InvalidValue

if TYPE_CHECKING:
    from mlgit.entities.paged import PagedList


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> Experiment:
    """Choose the experiment of the runs to come, by name (made where needed) or by id.

    Raises:
        InvalidState: It is deleted.
        NotFound: There is none of that id.
        InvalidValue: Both or neither are given.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidValue("choose an experiment either by its name or by its id")
    if experiment_name is not None:
        found = client().ensure_experiment(experiment_name)
    else:
        found = client().get_experiment(str(experiment_id))
    if found.lifecycle_stage != "active":
        raise InvalidState(
            f"experiment {found.name!r} is deleted",
            hint=f"mlgit.restore_experiment({found.experiment_id!r}), or choose another name",
            experiment_id=found.experiment_id,
        )
    tracker().experiment_id = found.experiment_id
    return found


def create_experiment(
    name: str,
    artifact_location: str | None = None,
    tags: Mapping[str, object] | None = None,
) -> str:
    """Make an experiment; gives its id.

    Raises:
        AlreadyExists: One has that name, also a deleted one.
        InvalidValue: It cannot be a name.
    """
    return client().create_experiment(name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment of that id, also a deleted one.

    Raises:
        NotFound: There is none.
    """
    return client().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of that name, also a deleted one; None when there is none."""
    return client().get_experiment_by_name(name)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> PagedList[Experiment]:
    """The experiments that a filter on names, times and tags asks for; newest first.

    Raises:
        InvalidValue: The filter or the order cannot be read.
    """
    return client().find_experiments(view_type, max_results, filter_string, order_by)


def delete_experiment(experiment_id: str) -> None:
    """Mark an experiment and its runs as deleted."""
    client().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Bring a deleted experiment and its runs back."""
    client().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: object) -> None:
    """Set a tag of the chosen experiment."""
    set_experiment_tags({key: value})


def set_experiment_tags(tags: Mapping[str, object]) -> None:
    """Set tags of the chosen experiment."""
    client().set_experiment_tags(in_use().id, tags)


def delete_experiment_tag(key: str) -> None:
    """Take a tag of the chosen experiment away."""
    client().delete_experiment_tag(in_use().id, key)
