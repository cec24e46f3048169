"""Searching runs by a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlgit.client.base import Calls
from mlgit.client.paging import checked_size, offset_of, page
from mlgit.entities.paged import PagedList
from mlgit.entities.run import Run
from mlgit.entities.values import ViewType

if TYPE_CHECKING:
    import pandas as pd

    from mlgit.search.lookup import Found
    from mlgit.search.question import Question
    from mlgit.store.snapshot import Snapshot


class SearchCalls(Calls):
    """How a client finds runs."""

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """One page of the runs of some experiments, newest first; `token` asks for the next.

        Raises:
            InvalidValue: The filter, the order, the page or its size cannot be read.
        """
        start, size = offset_of(page_token), checked_size(max_results)
        question = self._question(experiment_ids, filter_string, run_view_type, order_by)
        return page(self._found(question, size + 1, start), size, start)

    def find_runs(
        self,
        experiment_ids: Sequence[str] | None,
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
    ) -> PagedList[Run]:
        """As `search_runs`, of all experiments for None, all of them at once."""
        question = self._question(experiment_ids, filter_string, run_view_type, order_by)
        return PagedList(self._found(question, max_results))

    def runs_frame(
        self,
        experiment_ids: Sequence[str] | None,
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """As `find_runs`, as a data frame with a column for each metric, parameter and tag."""
        from mlgit.search.frame import runs_frame

        question = self._question(experiment_ids, filter_string, run_view_type, order_by)
        live = self.tracker.live()
        return runs_frame(self.tracker.index, question, limit=max_results, live=live)

    def _found(self, question: Question, limit: int | None, offset: int = 0) -> list[Run]:
        index, live = self.tracker.index, self.tracker.live()
        found = index.find(question, limit=limit, offset=offset, live=live)
        snapshot = self.tracker.store.snapshot()
        return [self._presented(one, snapshot) for one in found]

    def _presented(self, found: Found, snapshot: Snapshot) -> Run:
        """A run whose datasets and models are read when they are asked for, where it has any."""
        if not found.linked:
            return Run(found.run)
        if found.folder:
            return Run(found.run, lambda: snapshot.inputs(found.folder))
        return Run(found.run, lambda: self.tracker.view(found.run.id).inputs)

    def _question(
        self,
        experiment_ids: Sequence[str] | None,
        filter_string: str,
        view_type: int,
        order_by: Sequence[str] | None,
    ) -> Question:
        from mlgit.search.order import parse_order
        from mlgit.search.query import parse
        from mlgit.search.question import Question, View

        views = {
            ViewType.ACTIVE_ONLY: View.ACTIVE,
            ViewType.DELETED_ONLY: View.DELETED,
            ViewType.ALL: View.ALL,
        }
        ids = None if experiment_ids is None else [str(one) for one in experiment_ids]
        order = parse_order(list(order_by or ()))
        return Question(parse(filter_string or ""), order, ids, views[ViewType(view_type)])
