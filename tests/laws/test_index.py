"""Search through the index equals a scan of the files, whatever the store and the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.errors import Damaged, NotFound
from mlgit.git.oid import Oid
from mlgit.records.run import Run, dump_run
from mlgit.search import frame, plan
from mlgit.search.frame import runs_frame
from mlgit.search.index import Index
from mlgit.search.match import Subject
from mlgit.search.order import parse_order
from mlgit.search.query import parse
from mlgit.search.question import Question, View
from mlgit.search.scan import first_by_id, select, subjects
from mlgit.store.snapshot import Snapshot
from mlgit.store.store import Store
from tests.search import worlds


class World:
    """One store whose branch is set to any state, forward and back."""

    def __init__(self, path: Path) -> None:
        Store.init(path)
        self.store = Store.open(path)
        self.files: dict[Oid, dict[str, bytes]] = {self.store.snapshot().commit: {}}

    def become(self, files: dict[str, bytes]) -> Oid:
        """Commit a state; the commit that shows it."""
        before = self.files[self.store.snapshot().commit]
        with self.store.change("a state") as change:
            for path in before.keys() - files.keys():
                change.remove(path)
            for path, data in files.items():
                if before.get(path) != data:
                    change.put(path, data)
        commit = self.store.snapshot().commit
        self.files[commit] = files
        return commit

    def return_to(self, commit: Oid) -> None:
        """Rewind the branch, or bring it forward again."""
        now = self.store.snapshot().commit
        self.store.repository.refs.compare_and_swap(self.store.branch.ref, now, commit, "test")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from tests.support.repos import make_repo

    made = World(make_repo(tmp_path_factory.mktemp("law") / "project"))
    yield made
    made.store.close()


questions = st.builds(
    lambda text, order, ids, view: Question(parse(text), parse_order(order), ids, view),
    worlds.queries(),
    worlds.orders(),
    st.one_of(st.none(), st.lists(st.sampled_from(worlds.EXPERIMENTS), max_size=2)),
    st.sampled_from(View),
)
pages = st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.integers(0, 4))


def scanned(snapshot: Snapshot, question: Question, live: Sequence[Run]) -> list[tuple[str, bytes]]:
    """What is true: every record opened, live runs in the place of those with their ids."""
    known = first_by_id(snapshot.experiments()[0])
    ids = {run.id for run in live}
    there = [one for one in subjects(snapshot, known) if one.run.id not in ids]
    names = {one.id: one.name for one in known.values()}
    there += [Subject(run, names.get(run.experiment_id, "")) for run in live]
    return [(one.folder, dump_run(one.run)) for one in select(there, question, known)]


def damaged(snapshot: Snapshot) -> set[str]:
    """Paths of the records that cannot be read."""
    found = {damage.path for damage in snapshot.experiments()[1]}
    return found.union(*(_damaged(snapshot, folder) for folder in snapshot.run_folders()))


def _damaged(snapshot: Snapshot, folder: str) -> set[str]:
    try:
        snapshot.run(folder)
        snapshot.inputs(folder)
    except NotFound:
        return set()
    except Damaged as error:
        return {str(error.facts["path"])}
    return set()


@given(
    states=st.lists(worlds.trees(), min_size=1, max_size=3),
    back=st.booleans(),
    asked=st.lists(st.tuples(questions, pages), min_size=1, max_size=4),
    live=st.lists(worlds.runs(), max_size=2, unique_by=lambda run: run.id),
    few=st.sampled_from((0, 2000)),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_search_through_the_index_equals_a_scan(
    world: World,
    states: list[dict[str, bytes]],
    back: bool,
    asked: list[tuple[Question, tuple[int | None, int]]],
    live: list[Run],
    few: int,
) -> None:
    index = Index(world.store)
    index.path.unlink(missing_ok=True)
    first = world.store.snapshot().commit
    for files in states:
        world.become(files)
        index.refresh()
    if back:
        world.return_to(first)
    snapshot = world.store.snapshot()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "_FEW", few)  # with 0 no condition is narrow, and indexes are walked
        for question, (limit, offset) in asked:
            expected = scanned(snapshot, question, live)
            found = index.find(question, limit=limit, offset=offset, live=live)
            assert [(one.folder, dump_run(one.run)) for one in found] == expected[offset:][:limit]
            assert index.count(question, live) == len(expected)
            _assert_frames_agree(index, question, (limit, offset), live)
    assert {damage.path for damage in index.damage()} == damaged(snapshot)


def _assert_frames_agree(
    index: Index, question: Question, page: tuple[int | None, int], live: Sequence[Run]
) -> None:
    """The data frame is that of the records found, also when it is read from columns."""
    limit, offset = page
    expected = runs_frame(index, question, limit=limit, offset=offset, live=live)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame, "_FEW", -1)
        for _ in ("made", "kept"):
            found = runs_frame(index, question, limit=limit, offset=offset, live=live)
            pd.testing.assert_frame_equal(found, expected)
