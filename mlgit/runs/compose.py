"""A run's journals, and what the branch knows of it, as one publication: a pure function.

Only a history that is too long for git leaves it by another way, the outlet.

The same journals always give the same files, so publishing twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.artifacts.manifest import Room
from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.records.experiment import Experiment, load_experiment
from mlgit.records.history import History, with_counts
from mlgit.records.inputs import Inputs, dump_inputs
from mlgit.records.located import is_segment
from mlgit.records.metrics import Point, decode_points
from mlgit.records.run import MetricSummary, Run, load_run
from mlgit.records.settings import Limits
from mlgit.runs import run_state, segments
from mlgit.runs.frames import ROW
from mlgit.runs.history import Before, Outlet, place
from mlgit.runs.journal_records import START, Header
from mlgit.runs.segments import Segment
from mlgit.store.publication import Publication

if TYPE_CHECKING:
    from mlgit.runs.journal_read import JournalContent
    from mlgit.runs.run_state import RunState
    from mlgit.store.snapshot import Snapshot

DAMAGE = "mlgit.damaged_journal"
_AS_IS = (layout.ENVIRONMENT, layout.PATCH)


class Source(NamedTuple):
    """One journal to publish.

    Attributes:
        writer: Its name among those of the run.
        content: What was read of it.
        sealed: Only what lies before its last checkpoint goes out, because it is still written.
    """

    writer: str
    content: JournalContent
    sealed: bool = False


def compose(
    snapshot: Snapshot,
    sources: Sequence[Source],
    writer: str,
    outlet: Outlet,
    alive_until: int | None = None,
) -> Publication:
    """What `sources`, all of one run, bring to the branch.

    Args:
        snapshot: The branch as it is.
        sources: The journals.
        writer: Who stamps changes of what was published before.
        outlet: What git takes of the points, and where the rest goes.
        alive_until: Milliseconds UTC until which a run that still goes on counts as alive.

    Raises:
        Damaged: No journal says which run this is, or what the branch has cannot be read.
        NotFound: The run was purged meanwhile.
    """
    header = first_header(sources)
    folder = header.folder
    known = known_of(snapshot, folder)
    state = state_of(known, header, sources, writer)
    parts = list(chain.from_iterable(_parts(snapshot, known, source, folder) for source in sources))
    others = files_elsewhere(snapshot, folder, parts)
    before = Before(others, known.names, state.run.history)
    found = summary(parts, decoded(others), state.run.history)
    ends = not any(source.sealed for source in sources)
    placed = place(parts, before, found, outlet, ends=ends)
    if placed.artifact is not None:
        state.artifacts[placed.artifact.path] = placed.artifact
    run = _with_damage(state.whole_run(), sources)._replace(
        metrics=found,
        history=placed.history,
        alive_until=None if state.run.status.terminal else _later(known.run, alive_until),
    )
    kept = {name: data for source in sources for name, data in source.content.files.items()}
    files = {
        **placed.files,
        **{name: kept[name] for name in _AS_IS if name in kept and name not in known.names},
        **_artifact_files(state, known.manifest, kept),
    }
    if state.datasets or state.models:
        files[layout.INPUTS] = dump_inputs(state.inputs())
    return Publication(run, experiment_of(header), files, folder)


def _parts(snapshot: Snapshot, known: Known, source: Source, folder: str) -> Iterable[Segment]:
    """The points of a journal by file; of a run that is on the branch, beside what is there."""
    if known.run is None:
        return segments_of(source)
    from mlgit.runs.sealed import beside_sealed

    sampled = known.run.history.sampled
    return beside_sealed(snapshot, folder, source.writer, segments_of(source), sampled)


def _later(known: Run | None, alive_until: int | None) -> int | None:
    """The sign of life that reaches further: another machine may log to the run, too."""
    found = [at for at in (known.alive_until if known else None, alive_until) if at is not None]
    return max(found, default=None)


class Known(NamedTuple):
    """What the branch has of a run; `run` is None where it has nothing."""

    run: Run | None = None
    names: Sequence[str] = ()
    manifest: Sequence[ArtifactEntry] = ()
    inputs: Inputs = Inputs()


def known_of(snapshot: Snapshot, folder: str) -> Known:
    """What the branch has in that folder.

    Raises:
        Damaged, NotFound: It cannot be read; the run was purged.
    """
    if snapshot.read(f"{folder}/{layout.RUN}") is None:
        return Known()
    run, names = snapshot.run(folder), snapshot.names(folder)
    return Known(run, names, snapshot.manifest(folder), snapshot.inputs(folder))


def experiment_of(header: Header) -> Experiment:
    """The experiment a journal's run belongs to."""
    return load_experiment(header.experiment.encode(), header.experiment_folder)


def first_header(sources: Sequence[Source]) -> Header:
    """The header that says where the run is: its starter's, else the oldest.

    Raises:
        Damaged: None is readable.
    """
    headers = [source.content.header for source in sources if source.content.header]
    if not headers:
        raise Damaged("no journal of this run has a readable header")
    return min(headers, key=lambda header: (header.role != START, header.created))


def state_of(known: Known, header: Header, sources: Sequence[Source], writer: str) -> RunState:
    """The run after all events of `sources`; `writer` stamps what changes a published one."""
    if known.run is None:
        state = run_state.begin(load_run(header.run.encode()))
    else:
        state = run_state.begin(known.run, known.manifest, known.inputs, writer)
    for event in events_of(source.content for source in sources):
        run_state.apply(state, event)
    if known.run is not None:
        from mlgit.runs.ending import settled_end

        state.run = settled_end(known.run, state.run, sources)
    return state


def events_of(contents: Iterable[JournalContent]) -> Iterator[dict[str, Any]]:
    """The events of several journals by time, those of one journal in their order."""
    return merge(*map(_timed, contents), key=lambda event: int(event["at"]))


def _timed(content: JournalContent) -> Iterator[dict[str, Any]]:
    latest = 0
    for event in content.events:
        # A clock that was set back must not turn the order of what one process did.
        latest = max(latest, int(event.fields.get("at", 0)))
        yield {**event.fields, "at": latest}


def segments_of(source: Source) -> Iterator[Segment]:
    """The points of a journal by checkpoint; without one they are the run's `metrics.csv`."""
    content = source.content
    ends = [event.position for event in content.events if event.fields.get("do") == "seal"]
    if not source.sealed:
        ends.append(len(content.points))
    begins_the_run = content.header is not None and content.header.role == START
    rows = content.points.rows()
    for number, (start, end) in enumerate(pairwise([0, *ends]), start=1):
        plain = begins_the_run and not source.sealed and len(ends) == 1
        name = layout.segment_name() if plain else layout.segment_name(source.writer, number)
        yield Segment(name, rows[start * ROW.size : end * ROW.size], content.series)


def files_elsewhere(snapshot: Snapshot, folder: str, parts: Iterable[Segment]) -> dict[str, bytes]:
    """The run's metric files on the branch that are not those of `parts`, by name."""
    ours = {part.name for part in parts}
    names = [name for name in snapshot.names(folder) if is_segment(name) and name not in ours]
    return {name: snapshot.read(f"{folder}/{name}") or b"" for name in names}


def decoded(files: Mapping[str, bytes]) -> dict[str, list[Point]]:
    """The points of metric files."""
    return {name: decode_points(data) for name, data in files.items()}


def summary(
    parts: Iterable[Segment], others: Mapping[str, Sequence[Point]], history: History
) -> dict[str, MetricSummary]:
    """What `run.yaml` says of the metrics in journals and in the `others` files together."""
    found = segments.summary(parts, chain.from_iterable(others.values()))
    return with_counts(found, history, others)


def _with_damage(run: Run, sources: Sequence[Source]) -> Run:
    damage = "; ".join(filter(None, (source.content.damage() for source in sources)))
    return run.with_tag(DAMAGE, damage) if damage else run


def _artifact_files(
    state: RunState, there: Sequence[ArtifactEntry], kept: Mapping[str, bytes]
) -> dict[str, bytes]:
    """The manifest, and the small artifacts that are kept in git."""
    manifest = _placed(state.manifest(), there, kept)
    if not manifest:
        return {}
    inline = {
        entry.inline: kept[entry.sha256]
        for entry in manifest
        if entry.inline and entry.sha256 in kept
    }
    return {layout.ARTIFACTS: dump_manifest(manifest), **inline}


def _placed(
    manifest: Sequence[ArtifactEntry], there: Sequence[ArtifactEntry], kept: Mapping[str, bytes]
) -> list[ArtifactEntry]:
    """The manifest with one name in git for each small artifact, whoever logged it.

    An entry whose bytes were in a damaged record stays, without a place: `check` names it.
    """
    known = {entry.path: entry for entry in there}
    settled = [e for e in manifest if not e.inline or known.get(e.path) == e]
    # Two entries of one path, from two machines, stay until somebody logs to that path again.
    same = {entry.path for entry in manifest if known.get(entry.path) == entry}
    settled += [e for e in there if e.path in same and e != known[e.path]]
    room = Room(Limits(), settled)
    for entry in manifest:
        if entry.inline and known.get(entry.path) != entry:
            lost = entry.sha256 not in kept
            settled.append(entry._replace(inline="") if lost else room.place(entry))
    return sorted(settled, key=lambda entry: (entry.path, entry.sha256, entry.uri))
