"""Whether the branch has all that a published journal says, and what to do where it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.runs import journals
from mlgit.runs.compose import Source, compose, first_header, segments_of
from mlgit.runs.history import outlet_of
from mlgit.runs.journal_read import read_journal

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


class Healed(NamedTuple):
    """One run whose objects were gone, as after a foreign `git prune`; it is whole again."""

    run_id: str
    problem: MlgitError | None = None


def is_there(store: Store, path: Path) -> bool:
    """Whether the branch has all that this journal says, on disk and not only in our memory."""
    store.repository.objects.forget()
    try:
        source = Source(path.name.split(".")[1], read_journal(path))
    except FileNotFoundError:  # another command has looked at it
        return True
    return source.content.header is None or _is_whole(store.snapshot(), [source])


def mend(store: Store, run_id: str, paths: list[Path]) -> Healed | None:
    """Publish a run again of which the branch has not everything; None where it has."""
    sources = [Source(path.name.split(".")[1], read_journal(path)) for path in paths]
    if not any(source.content.header for source in sources):
        return None
    if _is_whole(store.snapshot(), sources):
        return None
    try:
        with journals.publishing(store.data, run_id):
            store.publish(compose(store.snapshot(), sources, store.writer, outlet_of(store)))
    except MlgitError as error:
        return Healed(run_id, error)
    return Healed(run_id)


def _is_whole(snapshot: Snapshot, sources: list[Source]) -> bool:
    """Whether every object of the run, and every segment, can be read; a purged run needs none."""
    folder = first_header(sources).folder
    wanted = {part.name for source in sources for part in segments_of(source) if len(part)}
    try:
        names = snapshot.names(folder)
        snapshot.run(folder)
        for name in names:
            snapshot.read(f"{folder}/{name}")
    except NotFound as error:
        return "id" in error.facts
    except Damaged:
        return False
    return wanted <= set(names)
