"""The metric histories that are too long for git, back from the store of artifacts."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import Damaged, NotFound

if TYPE_CHECKING:
    from mlgit.records.history import History


def whole_history(history: History, objects: Path) -> list[bytes]:
    """CSV files that hold every point of a run's down-sampled ones; none where there are none.

    Args:
        history: What the run says of its history.
        objects: The local store of artifact bytes.

    Raises:
        NotFound: One of them is not here, or not made yet because the run goes on.
        Damaged: Its bytes are not those it is named for.
    """
    if history.sampled and not history.artifacts:
        raise _sampled(history, "the whole history is made when the run ends, where it runs")
    return [_read(history, path, objects) for path in history.artifacts]


def _read(history: History, path: str, objects: Path) -> bytes:
    target = BytesIO()
    try:
        ObjectCache(objects).get(history.artifacts[path], target)
    except NotFound:
        hint = f"the artifact {path} holds them all; it is in the clone that logged the run"
        raise _sampled(history, hint) from None
    except Damaged as error:
        raise Damaged(
            f"the whole metric history cannot be read: {error.message}", error.hint, **error.facts
        ) from error
    return target.getvalue()


def _sampled(history: History, hint: str) -> NotFound:
    return NotFound(f"only a down-sampled history of {history.points:,} points is here", hint)
