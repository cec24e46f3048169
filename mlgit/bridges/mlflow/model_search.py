"""Which logged models a search asks for, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import InvalidValue, NotFound
from mlgit.search.expression import Expression, Field, Kind
from mlgit.search.fields import LOGGED_MODELS
from mlgit.search.match import holds
from mlgit.search.query import parse

if TYPE_CHECKING:
    from mlgit.records.logged_model import LoggedModel
    from mlgit.records.metrics import Point
    from mlgit.search.expression import Scalar
    from mlgit.tracker import Tracker

_CREATED = {"field_name": "creation_timestamp", "ascending": False}


class Seen:
    """A logged model with its metrics, which are read from its run when they are asked for."""

    def __init__(self, record: LoggedModel, tracker: Tracker) -> None:
        self.record, self._tracker = record, tracker

    @cached_property
    def points(self) -> list[Point]:
        """The last point of each metric and dataset that was logged for the model."""
        if not self.record.source_run:
            return []
        try:
            every = self._tracker.view(self.record.source_run).points
        except NotFound:
            return []
        ours = (one for one in every if one.model_id == self.record.id)
        return list({(one.key, one.dataset_name, one.dataset_digest): one for one in ours}.values())

    def metrics(self, datasets: Sequence[tuple[str, str]]) -> dict[str, float]:
        """The last value of each metric, on these datasets where any are named."""
        return {one.key: one.value for one in self.on(datasets)}

    def on(self, datasets: Sequence[tuple[str, str]]) -> Iterator[Point]:
        """The points on these datasets, or on any where none are named."""
        for one in self.points:
            if not datasets or (one.dataset_name, one.dataset_digest) in datasets:
                yield one

    def attribute(self, name: str) -> Scalar | None:
        """An attribute by MLflow's name; None where it has none."""
        record = self.record
        found: dict[str, Scalar] = {
            "name": record.name,
            "model_id": record.id,
            "model_type": record.model_type,
            "status": record.status,
            "source_run_id": record.source_run,
            "creation_timestamp": record.created,
            "last_updated_timestamp": record.updated,
        }
        return found[name]


class ModelQuery(NamedTuple):
    """One search.

    Attributes:
        wanted: The filter.
        datasets: Name and digest of those that metrics are of; all where none are named.
        order: As MLflow gives it.
    """

    wanted: Expression
    datasets: Sequence[tuple[str, str]]
    order: Sequence[Mapping[str, Any]]

    @classmethod
    def of(
        cls,
        text: str | None,
        datasets: Sequence[Mapping[str, Any]] | None,
        order: Sequence[Mapping[str, Any]] | None,
    ) -> ModelQuery:
        """The search that MLflow asks for.

        Raises:
            InvalidValue: The filter, a dataset or an order cannot be read.
        """
        named = []
        for one in datasets or ():
            if not one.get("dataset_name"):
                raise InvalidValue("`dataset_name` in the `datasets` clause must be specified")
            named.append((str(one["dataset_name"]), str(one.get("dataset_digest") or "")))
        for given in order or ():
            if "field_name" not in given:
                raise InvalidValue("`field_name` in the `order_by` clause must be specified")
            _require_known(str(given["field_name"]))
        return cls(parse(text or "", LOGGED_MODELS), named, [*(order or ()), _CREATED])

    def answered(self, every: Sequence[Seen]) -> list[Seen]:
        """Those that are asked for, in order."""
        found = [one for one in every if holds(self.wanted, self._reader(one))]
        found.sort(key=lambda one: one.record.id)
        for clause in reversed(self.order):
            found = self._sorted(found, clause)
        return found

    def _reader(self, one: Seen) -> Any:
        def read(field: Field) -> Sequence[Scalar]:
            return self._values(one, field)

        return read

    def _values(self, one: Seen, field: Field) -> Sequence[Scalar]:
        """What the model has there: of a metric, its last value on each dataset."""
        if field.kind is Kind.ATTRIBUTE:
            value = one.attribute(field.key)
            return [] if value is None or value == "" else [value]
        if field.kind is Kind.METRIC:
            return [point.value for point in one.on(self.datasets) if point.key == field.key]
        texts = one.record.tags if field.kind is Kind.TAG else one.record.params
        return [texts[field.key]] if field.key in texts else []

    def _sorted(self, found: list[Seen], clause: Mapping[str, Any]) -> list[Seen]:
        """By one clause; what lacks the field, or is NaN there, comes last."""
        name, rising = str(clause["field_name"]), bool(clause.get("ascending", True))
        named = str(clause.get("dataset_name") or "")
        datasets = [(named, str(clause.get("dataset_digest") or ""))] if named else []

        def value(one: Seen) -> Scalar | None:
            if name.startswith("metrics."):
                return one.metrics(datasets).get(name.removeprefix("metrics."))
            return one.attribute(LOGGED_MODELS.aliases.get(name, name))

        there = [one for one in found if _is_number_or_text(value(one))]
        absent = [one for one in found if one not in there]
        there.sort(key=value, reverse=not rising)  # type: ignore[arg-type]
        return [*there, *absent]


def _require_known(name: str) -> None:
    key = LOGGED_MODELS.aliases.get(name, name)
    if not name.startswith("metrics.") and key not in LOGGED_MODELS.attributes:
        raise InvalidValue(f"logged models cannot be ordered by {name!r}")


def _is_number_or_text(value: Scalar | None) -> bool:
    return value is not None and not (isinstance(value, float) and isnan(value))
