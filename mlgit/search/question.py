"""What is asked of the store: a filter, an order, and which experiments and lifecycle stages."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from mlgit.search.expression import EVERYTHING, Expression

if TYPE_CHECKING:
    from mlgit.records.run import Run
    from mlgit.search.order import Order


class View(str, Enum):
    """Which runs count: those in use, those that were deleted, or all.

    A run is deleted where it or its experiment is.
    """

    ACTIVE = "active"
    DELETED = "deleted"
    ALL = "all"


class Question(NamedTuple):
    """One search.

    Attributes:
        expression: Which runs, from `query.parse`.
        order: In which order, from `order.parse_order`; always ended by newest first, then id.
        experiment_ids: Only runs of these; of any for None.
        view: Only these lifecycle stages.
    """

    expression: Expression = EVERYTHING
    order: Order = ()
    experiment_ids: Collection[str] | None = None
    view: View = View.ACTIVE

    def has_in_scope(self, run: Run, deleted_experiments: Collection[str]) -> bool:
        """Whether `run` is in the view and of the experiments asked for."""
        if self.experiment_ids is not None and run.experiment_id not in self.experiment_ids:
            return False
        deleted = run.lifecycle != "active" or run.experiment_id in deleted_experiments
        return self.view is View.ALL or deleted == (self.view is View.DELETED)


EVERY_RUN = Question()
