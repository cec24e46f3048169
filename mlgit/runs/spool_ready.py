"""One run of a spool, made ready to be landed: its experiment, its artifacts, its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Ambiguous, Damaged, MlgitError, NotFound
from mlgit.records import layout
from mlgit.records.experiment import dump_experiment
from mlgit.records.run import dump_run, load_run
from mlgit.runs import run_state
from mlgit.runs.compose import (
    compose,
    events_of,
    experiment_of,
    first_header,
    known_of,
    segments_of,
)
from mlgit.runs.history import outlet_of
from mlgit.runs.spool import objects_beside
from mlgit.runs.spool_read import read

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.records.experiment import Experiment
    from mlgit.runs.journal_records import Header
    from mlgit.runs.spool_read import Said, Spooled
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
        missing: Artifacts whose bytes were not found.
        is_blank: Whether a power cut has left nothing of its journals.
    """

    run: Spooled
    said: Said
    header: Header | None
    publication: Publication | None
    missing: tuple[MlgitError, ...] = ()
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
    contents = list(said.sources.values())
    spent = said._replace(sources={})
    if not contents:
        return Ready(run, spent, None, None, is_blank=True)
    snapshot = store.snapshot()
    header = first_header(contents)
    home = _at_home(snapshot, header, source.homes)
    for one in contents if home is not None else ():
        one.content.header = home
    damage = next(filter(None, (one.content.damage() for one in contents)), "")
    if damage and not source.recover:
        raise Damaged(f"its journal is damaged: {damage}", "mlgit flush --recover takes the rest")
    missing = tuple(_bring_artifacts(store, source, said))
    publication = None
    if not _has_landed(snapshot, said):
        publication = compose(snapshot, contents, store.writer, outlet_of(store))
        if publication.run.id != run.run_id:
            raise Damaged(f"the journal is of another run: {publication.run.id[:80]!r}")
    return Ready(run, spent, home, publication, missing)


def _at_home(
    snapshot: Snapshot, header: Header, homes: dict[tuple[str, str], Experiment]
) -> Header | None:
    """The header with the experiment that has the name here; None where it is the same one.

    A job without a repository does not know which experiment of the store bears a name today.
    """
    named = experiment_of(header)
    key = named.id, named.name
    if key not in homes:
        homes[key] = _home_of(snapshot, named)
    home = homes[key]
    if home.id == named.id:
        return None
    run = load_run(header.run.encode())._replace(experiment_id=home.id)
    return header._replace(
        run=dump_run(run).decode(),
        experiment=dump_experiment(home).decode(),
        experiment_folder=home.folder,
        folder=layout.run_folder(home.folder, run.start, run.id),
    )


def _home_of(snapshot: Snapshot, named: Experiment) -> Experiment:
    same = snapshot.experiment_by_id(named.id)
    if same is not None and same.name == named.name:
        return named
    with suppress(Ambiguous):
        found = snapshot.experiment_by_name(named.name)
        if found is not None and found.lifecycle == "active":
            return found
    return named


def _has_landed(snapshot: Snapshot, said: Said) -> bool:
    """Whether the branch has all that the journals of a run say, or has forgotten the run."""
    sources = list(said.sources.values())
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


def _bring_artifacts(store: Store, source: Source, said: Said) -> Iterator[MlgitError]:
    """Copy artifacts that the store lacks, each verified; what was not found, where that is borne.

    Raises:
        Damaged: One was not found.
        FileNotFoundError: Nor was the journal any more.
    """
    from mlgit.artifacts.cache import ObjectCache

    ours = ObjectCache(store.data / "objects")
    for path, one in said.sources.items():
        places = [ObjectCache(objects_beside(path)), ObjectCache(source.data / "objects")]
        for entry in _artifacts(event.fields for event in one.content.events):
            digest = entry["sha256"]
            if ours.verify(digest) or any(_brought(digest, place, ours) for place in places):
                continue
            path.stat()
            problem = Damaged(
                f"the bytes of its artifact {str(entry['path'])[:200]!r} are missing or damaged",
                "mlgit flush --recover takes the run without them",
            )
            if not source.recover:
                raise problem
            yield problem


def _artifacts(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What events say of artifacts whose bytes are neither in a journal nor elsewhere."""
    for event in events:
        if event.get("do") == "artifacts":
            yield from (one for one in event["entries"] if not (one["inline"] or one["uri"]))


def _brought(digest: str, place: ObjectCache, ours: ObjectCache) -> bool:
    with suppress(NotFound, Damaged):
        ours.put(digest, place.path(digest))
        return True
    return False
