"""What is in a spool, brought to the branch: many runs in one commit, then removed from the spool.

A run that is on the branch already is recognised, so a flush that was killed, or done twice, or by
two clones at once, ends as if it had been done once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import Damaged, InvalidValue, MlgitError, NotFound, StorageFailed
from mlgit.runs.journals import Writer
from mlgit.runs.spool import read as spool_read
from mlgit.runs.spool.leave import is_there, put_away, remove_folder
from mlgit.runs.spool.ready import Ready, Source, make_ready

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.runs.spool.read import Spooled
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_MOST = 5_000  # runs of one commit
_LARGEST = 64 << 20  # bytes of one commit; they are in memory several times


@dataclass
class Flushed:
    """What became of the runs of a spool.

    Attributes:
        landed: Ids of those that were brought to the branch.
        known: How many were there already.
        writing: How many may still be written.
        lost: Ids of those whose writers fell silent without a last word; `recover` takes them.
        problems: Why others, by id, were not taken, or not whole.
        commits: What was made.
    """

    landed: list[str] = field(default_factory=list)
    known: int = 0
    writing: int = 0
    lost: list[str] = field(default_factory=list)
    problems: list[tuple[str, MlgitError]] = field(default_factory=list)
    commits: list[Oid] = field(default_factory=list)

    def __add__(self, other: Flushed) -> Flushed:
        """What became of the runs of both."""
        mine, theirs = vars(self), vars(other)
        return Flushed(**{name: mine[name] + theirs[name] for name in mine})


class Flush(NamedTuple):
    """One flush under way; see `flush`."""

    store: Store
    source: Source
    keep: bool
    report: Flushed


def flush(store: Store, data: Path, *, keep: bool = False, recover: bool = False) -> Flushed:
    """Bring the ended runs in `data` to the branch; what cannot be taken is reported and left.

    Args:
        store: Where to.
        data: A spool, or the data folder of another clone.
        keep: Change nothing in `data`; take damaged runs as far as they go, and what the other
            clone has published in the last hours.
        recover: Take damaged runs as far as they go, and those whose writers have been silent for
            ten minutes: FAILED where they did not end.

    Raises:
        StorageFailed, Conflict, Unsupported: The branch cannot be written; nothing is lost.
    """
    store.make_folders()
    work = Flush(store, Source(data, recover or keep, {}), keep, Flushed())
    now = times.now_ms() if keep else spool_read.clock_of(data)
    runs = spool_read.recorded(data, now) if keep else spool_read.spooled(data, now)
    ready = (_ready(work, run) for run in runs if _is_over(run, work.report, recover=recover))
    for batch in _batches(one for one in ready if one is not None):
        _land(work, batch)
    for folder in () if keep else spool_read.remains(data, now):
        remove_folder(folder)
    return work.report


def _is_over(run: Spooled, report: Flushed, *, recover: bool) -> bool:
    if run.writer is Writer.FOREIGN:
        report.writing += 1
    elif run.writer is Writer.EXPIRED and not recover:
        report.lost.append(run.run_id)
    else:
        return True
    return False


def _ready(work: Flush, run: Spooled) -> Ready | None:
    problem: MlgitError
    try:
        ready = make_ready(work.store, work.source, run)
        work.report.problems += [(run.run_id, one) for one in ready.losses]
        return ready
    except FileNotFoundError:  # another flush was faster
        return None
    except MlgitError as error:
        problem = error
        problem.hint = error.hint or f"look at it, then remove it: {run.paths[0].parent}"
    except OSError as error:
        problem = StorageFailed(f"cannot read {error.filename}: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Damaged(f"its journal makes no sense: {type(error).__name__}: {error}")
    work.report.problems.append((run.run_id, problem))
    return None


def _batches(found: Iterable[Ready]) -> Iterator[list[Ready]]:
    batch: list[Ready] = []
    weight = 0
    for ready in found:
        batch.append(ready)
        weight += ready.weight()
        if len(batch) >= _MOST or weight >= _LARGEST:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _land(work: Flush, batch: list[Ready]) -> None:
    new = [one.publication for one in batch if one.publication is not None]
    try:
        work.report.commits += [work.store.publish_all(new)] if new else []
    except (Damaged, InvalidValue, NotFound) as error:
        if len(batch) == 1:
            work.report.problems.append((batch[0].run.run_id, error))
            return
        half = len(batch) // 2  # which of them it was; the others are none the worse for it
        _land(work, batch[:half])
        _land(work, batch[half:])
        return
    work.store.repository.objects.forget()
    snapshot = work.store.snapshot()
    for one in batch:
        _conclude(work, one, snapshot)


def _conclude(work: Flush, one: Ready, snapshot: Snapshot) -> None:
    """Count a run that was landed, and take it out of the spool."""
    if one.publication is None:
        work.report.known += not one.is_blank
    elif is_there(snapshot, one.publication):
        work.report.landed.append(one.run.run_id)
    else:
        lost = Damaged("it cannot be read back from the branch, so it stays where it is")
        work.report.problems.append((one.run.run_id, lost))
        return
    if work.keep:
        return
    try:
        put_away(work.store, one, snapshot.commit)
    except OSError as error:
        problem = StorageFailed(f"cannot remove {error.filename}: {error.strerror}")
        work.report.problems.append((one.run.run_id, problem))
