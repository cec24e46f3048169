"""Records that cannot be right, put right by a commit; what was there stays in the history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.history import cut_off
from mlgit.git.tree import FILE_MODE, lookup
from mlgit.records import layout
from mlgit.records.run import dump_run
from mlgit.records.schema import validate_file
from mlgit.records.schema_table import KINDS
from mlgit.store.merge.run import with_summaries

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.change import Change
    from mlgit.store.finding import Finding
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_MOST = 100_000  # commits looked at: a tenth of a millisecond each


def summarize_again(store: Store, finding: Finding) -> str:
    """Make the metrics in `run.yaml` anew from the metric files.

    Raises:
        As `Store.change`; Damaged: One of the files cannot be read.
    """
    folder = str(finding.facts["path"]).rpartition("/")[0]

    def edit(change: Change) -> None:
        seen = change.snapshot
        names = seen.segment_names(folder)
        segments = {name: seen.read(f"{folder}/{name}") or b"" for name in names}
        run = with_summaries(seen.run(folder), segments)
        change.put(f"{folder}/{layout.RUN}", dump_run(run))

    store.apply(edit, f"doctor: metrics of {folder.rpartition('/')[2]} as in its files")
    return f"{folder}/{layout.RUN}: metrics as in its files"


def bring_back(store: Store, finding: Finding) -> str:
    """Put the last content of a record that can be read in its place.

    Raises:
        As `Store.change`; NotFound: The history has none.
    """
    path = str(finding.facts["path"])

    def edit(change: Change) -> Oid:
        found = last_readable(change.snapshot, path)
        if found is None:
            raise NotFound(f"{path}: no earlier content can be read", finding.hint)
        change.put(path, found[1])
        return found[0]

    commit = store.apply(edit, f"doctor: {path} as it was before it broke")
    return f"{path}: as in {commit.decode()[:12]}"


def is_record(path: str) -> bool:
    """Whether a file of that path has a form, by which an earlier content can be chosen."""
    located = layout.parse_path(path)
    return located is not None and located.kind in KINDS


def last_readable(snapshot: Snapshot, path: str) -> tuple[Oid, bytes] | None:
    """The newest commit whose content of a record is what the format says, and that content."""
    located = layout.parse_path(path)
    for commit, data in _contents(snapshot, path):
        if located and not validate_file(located.kind, data):
            return commit, data
    return None


def _contents(snapshot: Snapshot, path: str) -> Iterator[tuple[Oid, bytes]]:
    """Every content of a file, newest first, as far back as the history reaches."""
    objects, cut = snapshot.objects, cut_off(snapshot.objects)
    waiting, seen, known = [snapshot.commit], {snapshot.commit}, {b""}
    while waiting and len(seen) < _MOST:
        commit = waiting.pop(0)
        with suppress(NotFound, Damaged):
            info = objects.commit(commit)
            fresh = [one for one in info.parents if one not in seen and commit not in cut]
            waiting += fresh
            seen.update(fresh)
            entry = lookup(objects, info.tree, path)
            if entry and entry.mode == FILE_MODE and entry.oid not in known:
                known.add(entry.oid)
                with suppress(MlgitError):
                    yield commit, objects.blob(entry.oid)
