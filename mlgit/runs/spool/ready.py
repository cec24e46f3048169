"""One run of a spool, made ready to be landed: its experiment, its artifacts, its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.runs import run_state
from mlgit.runs.compose import Source as Journal
from mlgit.runs.compose import compose, events_of, first_header, known_of, segments_of
from mlgit.runs.history import outlet_of
from mlgit.runs.spool.artifacts import bring_artifacts
from mlgit.runs.spool.home import at_home
from mlgit.runs.spool.read import read

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.runs.journal_records import Header
    from mlgit.runs.spool.read import Said, Spooled
    from mlgit.store.publication import Publication
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


class Source(NamedTuple):
    """Where runs are taken from.

    Attributes:
        data: A spool, or the data folder of another clone.
        recover: Whether what is damaged is taken as far as it goes.
        homes: Experiments that were looked up before, by id and name.
    """

    data: Path
    recover: bool
    homes: dict[tuple[str, str], Experiment]


class Ready(NamedTuple):
    """A run to be landed.

    Attributes:
        run: Its journals.
        said: What they say, without the points.
        header: Where it goes, where that is not where its journals say; else None.
        publication: None where the branch has all of it.
        losses: What could not be read of it.
        is_blank: Whether a power cut has left nothing of its journals.
    """

    run: Spooled
    said: Said
    header: Header | None
    publication: Publication | None
    losses: tuple[MlgitError, ...] = ()
    is_blank: bool = False

    def weight(self) -> int:
        """Bytes of its files."""
        return sum(map(len, self.publication.files.values())) if self.publication else 0


def make_ready(store: Store, source: Source, run: Spooled) -> Ready:
    """Read a run and copy its artifacts to the store, so that it can be landed.

    Raises:
        FileNotFoundError: Another command has taken it.
        OSError: It cannot be read.
        MlgitError: It is damaged, or of a later version.
        ValueError, KeyError, TypeError, AttributeError, RecursionError: No mlgit wrote it.
    """
    said = read(run)
    journals, spent = list(said.sources.values()), said._replace(sources={})
    if not journals:
        return Ready(run, spent, None, None, is_blank=True)
    snapshot = store.snapshot()
    home = at_home(snapshot, first_header(journals), source.homes)
    for one in journals if home is not None else ():
        one.content.header = home
    is_new = not _has_landed(snapshot, journals)
    losses = [*_losses(journals if is_new else ()), *bring_artifacts(store, source.data, said)]
    if losses and not source.recover:
        raise losses[0]
    publication = None
    if is_new:
        publication = compose(snapshot, journals, store.writer, outlet_of(store))
        if publication.run.id != run.run_id:
            raise Damaged(f"the journal is of another run: {publication.run.id[:80]!r}")
    return Ready(run, spent, home, publication, tuple(losses))


def _losses(journals: Sequence[Journal]) -> Iterator[Damaged]:
    for damage in filter(None, (one.content.damage() for one in journals)):
        yield Damaged(f"its journal is damaged: {damage}", "mlgit flush --recover takes the rest")


def _has_landed(snapshot: Snapshot, sources: Sequence[Journal]) -> bool:
    """Whether the branch has all that the journals of a run say, or has forgotten the run."""
    try:
        known = known_of(snapshot, first_header(sources).folder)
    except NotFound:
        return True
    parts = {part.name for one in sources for part in segments_of(one) if len(part)}
    if known.run is None or not parts <= set(known.names):
        return False
    before = run_state.begin(known.run, known.manifest, known.inputs)
    after = run_state.begin(known.run, known.manifest, known.inputs)
    for event in events_of(one.content for one in sources):
        run_state.apply(after, event)
    return _whole(before) == _whole(after)


def _whole(state: run_state.RunState) -> tuple[object, ...]:
    return state.whole_run(), state.manifest(), state.inputs()
