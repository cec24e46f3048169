"""What is not kept in a git branch: MLflow's pages get empty answers, calls a clear one."""

from __future__ import annotations

from typing import Any

from mlgit.bridges.mlflow.base import paged
from mlgit.bridges.mlflow.errors import not_implemented


class UnkeptCalls:
    """Empty lists where pages ask; `NOT_IMPLEMENTED` where a program would rely on the answer."""

    def search_traces(self, *_: Any, **__: Any) -> tuple[list[Any], None]:
        """No traces."""
        return [], None

    def query_trace_metrics(self, *_: Any, **__: Any) -> Any:
        """No figures."""
        return paged([], None)

    def search_datasets(self, *_: Any, **__: Any) -> Any:
        """No evaluation datasets."""
        return paged([], None)

    def search_mcp_servers(self, *_: Any, **__: Any) -> Any:
        """No servers."""
        return paged([], None)

    def list_scorers(self, *_: Any, **__: Any) -> list[Any]:
        """No scorers."""
        return []

    def list_gateway_endpoints(self, *_: Any, **__: Any) -> list[Any]:
        """No gateway."""
        return []

    def list_endpoint_bindings(self, *_: Any, **__: Any) -> list[Any]:
        """No gateway."""
        return []

    def list_secret_infos(self, *_: Any, **__: Any) -> list[Any]:
        """No gateway."""
        return []

    def link_traces_to_run(self, trace_ids: list[str], run_id: str) -> None:
        """Traces are not kept.

        Raises:
            MlflowException: NOT_IMPLEMENTED, where there is anything to link.
        """
        if trace_ids:
            raise not_implemented(f"the link of traces to run {run_id}")
