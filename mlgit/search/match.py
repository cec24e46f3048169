"""What a query means: the truth that the index must agree with."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from mlgit.records.system_tags import field_tags
from mlgit.search import literals
from mlgit.search.expression import (
    And,
    Comparison,
    Expression,
    Field,
    Kind,
    Not,
    Presence,
    Scalar,
)
from mlgit.search.fields import RUNS
from mlgit.search.like import like

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.inputs import DatasetInput
    from mlgit.records.run import Run

Read = Callable[[Field], Sequence[Scalar]]
"""The values of a field: none where it is missing, several only for datasets."""

CONTEXT_TAG = "mlflow.data.context"


class Subject(NamedTuple):
    """A run with what else a query may ask of it.

    Attributes:
        run: The record.
        experiment: Name of its experiment; empty where that is unknown.
        datasets: What its `inputs.yaml` lists.
        folder: Its directory on the branch; empty for a run that is not there yet.
        linked: Whether it may have an `inputs.yaml`.
    """

    run: Run
    experiment: str = ""
    datasets: Sequence[DatasetInput] = ()
    folder: str = ""
    linked: bool = True

    def read(self, field: Field) -> Sequence[Scalar]:
        """The values of `field`; an attribute that is not known is missing."""
        if field.kind is Kind.METRIC:
            summary = self.run.metrics.get(field.key)
            return () if summary is None else (summary.last,)
        if field.kind is Kind.ATTRIBUTE:
            value = run_attribute(self, field.key)
            return () if value is None else (value,)
        if field.kind is Kind.DATASET:
            return [value for one in self.datasets if (value := _of_dataset(one, field.key))]
        texts = self.run.params if field.kind is Kind.PARAM else self.run.tags
        return (texts[field.key],) if field.key in texts else ()


def matches(
    expression: Expression, run: Run, experiment: str = "", datasets: Sequence[DatasetInput] = ()
) -> bool:
    """Whether `run`, of the experiment of that name, is one of those the query asks for."""
    return holds(expression, Subject(run, experiment, datasets).read)


def matches_experiment(expression: Expression, experiment: Experiment) -> bool:
    """Whether `experiment` is one of those the query asks for."""
    return holds(expression, lambda field: experiment_values(experiment, field))


def holds(expression: Expression, read: Read) -> bool:
    """Whether `expression` is true of the record that `read` reads."""
    if isinstance(expression, Comparison):
        return any(compare(value, expression) for value in read(expression.field))
    if isinstance(expression, Presence):
        return bool(read(expression.field)) == expression.present
    if isinstance(expression, Not):
        return not holds(expression.part, read)
    decide = all if isinstance(expression, And) else any
    return decide(holds(part, read) for part in expression.parts)


def compare(value: Scalar, comparison: Comparison) -> bool:
    """Whether one present value satisfies a comparison.

    A number in the query compares with a text only where the text is a number; other texts and
    NaN are different from every number. `nan` in the query is equal to NaN.
    """
    operator, literal = comparison.operator, comparison.value
    if isinstance(literal, tuple):
        return any(_equal(value, one) for one in literal) != operator.startswith("NOT")
    if operator.endswith("LIKE"):
        fits = like(str(literal), "ILIKE" in operator)(str(value))
        return fits != operator.startswith("NOT")
    if operator in ("=", "!="):
        return _equal(value, literal) == (operator == "=")
    if isinstance(value, str) and not isinstance(literal, str):
        as_number = literals.number(value)
        return as_number is not None and bool(_ORDERINGS[operator](as_number, literal))
    return bool(_ORDERINGS[operator](value, literal))


_ORDERINGS: Mapping[str, Callable[[Scalar, Scalar], bool]] = {
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}


def _equal(value: Scalar, literal: Scalar) -> bool:
    if isinstance(literal, str):
        return value == literal
    if isinstance(value, str):
        return literals.number(value) == literal
    return value == literal or (isnan(literal) and isnan(value))


def run_attribute(subject: Subject, name: str) -> Scalar | None:
    """The value of an attribute by its one name; None where it is missing."""
    run = subject.run
    if name in _TAG_OF:
        return run_tag(run, _TAG_OF[name])
    return _RUN_ATTRIBUTES[name](subject)


def run_tag(run: Run, tag: str) -> str | None:
    """A reserved tag, as `Run.all_tags` would show it; None where it is missing."""
    own = run.tags.get(tag)
    return field_tags(run).get(tag) if own is None else own


_TAG_OF = {name: tag for tag, name in RUNS.system_tags.items()}


def _duration(subject: Subject) -> int | None:
    run = subject.run
    return None if run.end is None else run.end - run.start


_RUN_ATTRIBUTES: Mapping[str, Callable[[Subject], Scalar | None]] = {
    "run_id": lambda subject: subject.run.id,
    "status": lambda subject: subject.run.status.value,
    "start_time": lambda subject: subject.run.start,
    "end_time": lambda subject: subject.run.end,
    "duration": _duration,
    "experiment": lambda subject: subject.experiment or None,
    "experiment_id": lambda subject: subject.run.experiment_id,
    "host": lambda subject: subject.run.host or None,
    "artifact_uri": lambda subject: f"runs:/{subject.run.id}",
}


def _of_dataset(dataset: DatasetInput, key: str) -> str:
    if key == "context":
        return dataset.tags.get(CONTEXT_TAG, "")
    return dataset.name if key == "name" else dataset.digest


def experiment_values(experiment: Experiment, field: Field) -> Sequence[Scalar]:
    """The values of a field of an experiment; none where it is missing."""
    if field.kind is Kind.TAG:
        return (experiment.tags[field.key],) if field.key in experiment.tags else ()
    value = _EXPERIMENT_ATTRIBUTES[field.key](experiment)
    return () if value == "" else (value,)


_EXPERIMENT_ATTRIBUTES: Mapping[str, Callable[[Experiment], Scalar]] = {
    "experiment_id": lambda experiment: experiment.id,
    "name": lambda experiment: experiment.name,
    "creation_time": lambda experiment: experiment.created,
    "last_update_time": lambda experiment: experiment.updated,
    "note": lambda experiment: experiment.note,
}
