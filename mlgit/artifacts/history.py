"""The metric histories that are too long for git, back from the store of artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import MlgitError, NotFound
from mlgit.records.artifact import ArtifactEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgit.artifacts.fetch import Sources
    from mlgit.records.history import History


def whole_history(
    history: History, manifest: Sequence[ArtifactEntry], sources: Sources
) -> list[bytes]:
    """CSV files that hold every point of a run's down-sampled ones; none where there are none.

    Args:
        history: What the run says of its history.
        manifest: The run's artifacts, which say how long each file is.
        sources: Where their bytes may be.

    Raises:
        NotFound: One of them is not to be had, or not made yet because the run goes on.
        Damaged: Its bytes are not those it is named for.
        RemoteFailed, MissingExtra, StorageFailed: It is far away, and could not be fetched.
    """
    if history.sampled and not history.artifacts:
        hint = "the whole history is made when the run ends, where it runs"
        raise NotFound(_sampled(history), hint)
    sizes = {entry.sha256: entry.size for entry in manifest}
    entries = [
        ArtifactEntry(path, sizes.get(digest, 0), digest)
        for path, digest in history.artifacts.items()
    ]
    return [_read(history, entry, sources) for entry in entries]


def _read(history: History, entry: ArtifactEntry, sources: Sources) -> bytes:
    from mlgit.artifacts.fetch import read

    try:
        return read(entry, sources)
    except MlgitError as error:
        text = f"{_sampled(history)}: {error.message}"
        raise type(error)(text, error.hint, **error.facts) from error


def _sampled(history: History) -> str:
    return f"only a down-sampled history of {history.points:,} points is here"
