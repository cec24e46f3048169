"""Searching by opening every record: slow, and what the index must agree with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.search.match import Subject, holds
from mlgit.search.order import ordered

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.inputs import DatasetInput
    from mlgit.search.question import Question
    from mlgit.store.snapshot import Snapshot


def scan(snapshot: Snapshot, question: Question) -> list[Subject]:
    """The runs asked for, in order; records that cannot be read are left out."""
    experiments = first_by_id(snapshot.experiments()[0])
    return select(subjects(snapshot, experiments), question, experiments)


def select(
    found: Iterable[Subject], question: Question, experiments: Mapping[str, Experiment]
) -> list[Subject]:
    """Those of `found` that the question asks for, in order."""
    deleted = deleted_ids(experiments)
    return ordered(
        (
            subject
            for subject in found
            if question.has_in_scope(subject.run, deleted)
            and holds(question.expression, subject.read)
        ),
        question.order,
    )


def first_by_id(experiments: Iterable[Experiment]) -> dict[str, Experiment]:
    """Experiments by id; of several with one id the first by folder counts."""
    found: dict[str, Experiment] = {}
    for one in sorted(experiments, key=lambda one: one.folder):
        found.setdefault(one.id, one)
    return found


def deleted_ids(experiments: Mapping[str, Experiment]) -> Collection[str]:
    """Ids of the experiments that were deleted."""
    return {one.id for one in experiments.values() if one.lifecycle != "active"}


def subjects(snapshot: Snapshot, experiments: Mapping[str, Experiment]) -> Iterator[Subject]:
    """Every run that can be read, with its experiment and its datasets."""
    for folder in snapshot.run_folders():
        try:
            run = snapshot.run(folder)
        except (NotFound, Damaged):
            continue
        experiment = experiments.get(run.experiment_id)
        name = experiment.name if experiment else ""
        yield Subject(run, name, datasets(snapshot, folder), folder)


def datasets(snapshot: Snapshot, folder: str) -> tuple[DatasetInput, ...]:
    """The datasets of a run; none where they cannot be read."""
    try:
        return tuple(snapshot.inputs(folder).datasets)
    except Damaged:
        return ()
