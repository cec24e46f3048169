"""What `mlflow gc` asks for: deleted runs and experiments taken from the branch for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow.entities import ViewType

from mlgit import times
from mlgit.bridges.mlflow.base import Calls
from mlgit.store.named import sources

if TYPE_CHECKING:
    from mlgit.records.run import Run


class RemovalCalls(Calls):
    """Methods that MLflow looks for by name."""

    def _get_deleted_runs(self, older_than: int = 0) -> list[str]:
        """Ids of runs that were deleted so many milliseconds ago.

        Those that a version or logged model came from are left out: MLflow stops at the first
        run that does not go.
        """
        latest = times.now_ms() - older_than
        found = self.client.find_runs(None, run_view_type=ViewType.DELETED_ONLY)
        runs = [one.record for one in found]
        kept = sources(self.tracker.store.snapshot())
        return [run.id for run in runs if _deleted_at(run) <= latest and run.id not in kept]

    def _hard_delete_run(self, run_id: str) -> None:
        self.client.purge_run(run_id, force=True)


def _deleted_at(run: Run) -> int:
    return run.deleted_at or 0
