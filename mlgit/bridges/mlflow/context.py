"""Which code a run is made with, said by the client: a server cannot know it.

MLflow's own provider asks the git program through GitPython, and says nothing of uncommitted
changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import MlgitError

if TYPE_CHECKING:
    from mlgit.records.run import Code

_PREFIX = "mlflow.source.git."


class CodeContext:
    """See MLflow's `RunContextProvider`, which is not imported: MLflow is only being imported."""

    def in_context(self) -> bool:
        """Whether the current folder is in a repository that has a store."""
        return self._code() is not None

    def tags(self) -> dict[str, str]:
        """Commit, branch, repository, and whether something was not committed."""
        code = self._code()
        if code is None:
            return {}
        said = {
            "commit": code.commit,
            "branch": code.branch,
            "repoURL": code.repository,
            "dirty": "true" if code.dirty else "",
        }
        return {f"{_PREFIX}{name}": text for name, text in said.items() if text}

    def _code(self) -> Code | None:
        from mlgit.runs.capture import captured
        from mlgit.store.store import Store

        try:
            store = Store.open()
            return captured(store.home, store.settings).code
        except (MlgitError, OSError):
            return None
