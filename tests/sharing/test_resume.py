"""A run begun on one machine and continued on another is one run, however the two share it."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import mlgit
from mlgit import tracker
from mlgit.records.run import Run, RunStatus
from mlgit.runs import begin, edit, journals
from mlgit.runs.journal_records import pack_header
from mlgit.runs.live import ActiveRun
from mlgit.runs.live_view import is_lost
from mlgit.runs.recover import recover
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.support.machines import examine
from tests.support.repos import git, make_repo

Clone = Callable[[str], Store]


def share(*stores: Store) -> None:
    for store in stores:
        sync(store, transport_of(store))


def run_of(store: Store, run_id: str) -> tuple[str, Run]:
    snapshot = store.snapshot()
    [folder] = snapshot.find_run(run_id)
    return folder, snapshot.run(folder)


def logged(run: ActiveRun, key: str, *steps: int) -> None:
    for step in steps:
        run.log_metric(key, step / 10, step)


def steps(store: Store, run_id: str, key: str) -> list[int]:
    points = store.snapshot().points(run_of(store, run_id)[0])
    return [point.step for point in points if point.key == key]


def require_one(*stores: Store) -> None:
    """All have the same branch, and it is sound."""
    assert len({store.branch.tip() for store in stores}) == 1
    assert check(stores[0].snapshot(), deep=True) == []


def test_a_finished_run_goes_on_elsewhere(clone: Clone) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    first.log_params({"lr": 0.1})
    first.add_bytes(b"one", "one.txt")
    logged(first, "loss", 0, 1)
    first.finish()
    share(ours)
    before = run_of(ours, first.id)[1]
    theirs = clone("theirs")
    again = begin.resume(theirs, first.id)
    assert again.view().run.status is RunStatus.RUNNING
    again.log_params({"depth": 8})
    again.add_bytes(b"two", "two.txt")
    logged(again, "loss", 2, 3)
    again.finish()
    share(theirs, ours)
    require_one(ours, theirs)
    folder, run = run_of(ours, first.id)
    assert folder == first.folder
    assert (run.start, run.status) == (before.start, RunStatus.FINISHED)
    assert run.end is not None
    assert before.end is not None
    assert run.end >= before.end
    assert run.params == {"lr": "0.1", "depth": "8"}
    assert [one.path for one in ours.snapshot().manifest(folder)] == ["one.txt", "two.txt"]
    assert steps(ours, first.id, "loss") == [0, 1, 2, 3]
    assert (run.metrics["loss"].points, run.metrics["loss"].last) == (4, 0.3)
    names = ours.snapshot().segment_names(folder)
    writer = again._session.journal.file.header.writer
    assert names == ["metrics.csv", f"metrics.{writer}-1.csv"]


ORDERS = list(itertools.permutations(("here", "there", "here again", "there again")))


@pytest.mark.parametrize("order", ORDERS[::5])
def test_both_machines_log_at_once(clone: Clone, order: tuple[str, ...]) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    logged(first, "here", 0)
    first.checkpoint()
    share(ours)
    theirs = clone("theirs")
    second = begin.resume(theirs, first.id)
    logged(second, "there", 0)
    second.checkpoint()
    logged(first, "here", 1)
    first.checkpoint()
    for who in order:
        share(ours if who.startswith("here") else theirs)
    logged(first, "here", 2)
    logged(second, "there", 1)
    first.finish()
    share(*(ours if who.startswith("here") else theirs for who in order))
    assert run_of(ours, first.id)[1].status is RunStatus.FINISHED
    second.finish()
    share(theirs, ours, theirs)
    require_one(ours, theirs)
    run = run_of(ours, first.id)[1]
    assert run.status is RunStatus.FINISHED
    assert steps(ours, first.id, "here") == [0, 1, 2]
    assert steps(ours, first.id, "there") == [0, 1]


def test_a_lost_run_goes_on_elsewhere_and_its_own_machine_adds_what_it_still_had(
    clone: Clone,
) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    logged(first, "loss", 0, 1)
    first.checkpoint()
    share(ours)
    logged(first, "loss", 2)
    path = died(first)
    theirs = clone("theirs")
    alive_until = run_of(theirs, first.id)[1].alive_until
    assert alive_until is not None
    assert is_lost(run_of(theirs, first.id)[1], alive_until + 1)
    second = begin.resume(theirs, first.id)
    logged(second, "loss", 3)
    second.finish()
    share(theirs)
    ended = run_of(theirs, first.id)[1].end
    pull(ours, transport_of(ours))
    [done] = recover(ours)
    assert done.problem is None
    assert not path.exists()
    share(ours, theirs)
    require_one(ours, theirs)
    run = run_of(theirs, first.id)[1]
    assert (run.status, run.end) == (RunStatus.FINISHED, ended)
    assert steps(theirs, first.id, "loss") == [0, 1, 2, 3]


def died(run: ActiveRun, **process: object) -> Path:
    """What is left when the process of a run, on this host unless said, is gone."""
    file = run._session.journal.file
    content, was = file.read(), file.header
    file.close()
    gone = was.process._replace(**{"pid": 2**22 + 1, "started": "1", **process})  # type: ignore[arg-type]
    file.path.write_bytes(
        content.replace(pack_header(was), pack_header(was._replace(process=gone)))
    )
    return file.path


@pytest.mark.parametrize("end", [RunStatus.FAILED, RunStatus.FINISHED])
def test_who_knew_of_an_end_may_say_otherwise(clone: Clone, end: RunStatus) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    first.finish()
    share(ours)
    theirs = clone("theirs")
    begin.resume(theirs, first.id).finish(end)
    share(theirs, ours)
    assert run_of(ours, first.id)[1].status is end


def test_the_sign_of_life_that_reaches_further_stays(clone: Clone) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    logged(first, "loss", 0)
    first.checkpoint()
    share(ours)
    alive = run_of(ours, first.id)[1].alive_until
    theirs = clone("theirs")
    visitor = begin.visit(theirs, first.id)
    visitor.set_tags({"seen": "yes"})
    visitor.finish(None)
    run = run_of(theirs, first.id)[1]
    assert (run.status, run.alive_until) == (RunStatus.RUNNING, alive)
    first.finish()


def test_what_both_gave_a_value_stays_visible_through_the_next_publication(clone: Clone) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    first.finish()
    share(ours)
    theirs = clone("theirs")
    for store, value in ((ours, b"1"), (theirs, b"2")):
        run = begin.resume(store, first.id)
        run.log_params({"lr": value.decode()})
        run.add_bytes(value * 9, "plot.txt")
        run.finish()
    share(ours, theirs, ours)
    folder, run_now = run_of(ours, first.id)
    both = [(one.path, one.sha256) for one in ours.snapshot().manifest(folder)]
    assert [path for path, _ in both] == ["plot.txt", "plot.txt"]
    assert run_now.extra["params"] == {"lr": {"sides": [1, 2]}}
    third = begin.resume(ours, first.id)
    third.add_bytes(b"3", "other.txt")
    logged(third, "loss", 0)
    third.finish()
    folder, run_now = run_of(ours, first.id)
    manifest = ours.snapshot().manifest(folder)
    assert [(one.path, one.sha256) for one in manifest if one.path == "plot.txt"] == both
    assert {ours.snapshot().read(f"{folder}/{one.inline}") for one in manifest} == {
        b"1" * 9,
        b"2" * 9,
        b"3",
    }
    assert run_now.extra["params"] == {"lr": {"sides": [1, 2]}}


def test_the_calls_of_mlflow_go_on_with_a_pulled_run(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = clone("ours")
    first = begin.start(ours, "churn")
    logged(first, "loss", 0, 1)
    first.finish(RunStatus.FAILED)
    share(ours)
    theirs = clone("theirs")
    assert theirs.home.work_tree is not None
    monkeypatch.chdir(theirs.home.work_tree)
    try:
        with mlgit.start_run(run_id=first.id) as run:
            mlgit.log_metric("loss", 0.2, step=2)
            assert run.info.run_id == first.id
        client = mlgit.MlgitClient()
        client.log_metric(first.id, "loss", 0.3, step=3)
        tracker.forget()
        history = mlgit.MlgitClient().get_metric_history(first.id, "loss")
        assert [(one.step, one.value) for one in history] == [(0, 0), (1, 0.1), (2, 0.2), (3, 0.3)]
        assert mlgit.get_run(first.id).info.status == "FINISHED"
    finally:
        tracker.forget()
    share(theirs, ours)
    require_one(ours, theirs)


# ---- one folder for several hosts ----------------------------------------------------------------


def test_another_host_of_a_shared_home_joins_as_a_writer(clone: Clone) -> None:
    store = clone("shared")
    first = begin.start(store, "churn")
    logged(first, "here", 0)
    second = begin.resume(store, first.id)
    logged(second, "there", 0)
    second.set_status(RunStatus.FINISHED)
    path = died(second, host="node-2", boot="other")
    entries = list(journals.journals_of(store.data, first.id))
    assert journals.Writer.FOREIGN in [entry.writer for entry in entries]
    first.finish()
    assert path.exists(), "a host that may still write is left alone"
    assert steps(store, first.id, "here") == [0]


def test_what_another_host_closed_is_taken_along_at_once(clone: Clone) -> None:
    store = clone("shared")
    first = begin.start(store, "churn")
    logged(first, "here", 0)
    second = begin.resume(store, first.id)
    logged(second, "there", 0, 1)
    assert second.finish() is None, "who began the run is still at it"
    [path] = [
        path
        for path in journals.paths_of(store.data, first.id)
        if path.stem == second._session.journal.file.header.writer
    ]
    content, was = path.read_bytes(), second._session.journal.file.header
    elsewhere = was.process._replace(host="node-2", boot="other")
    path.write_bytes(
        content.replace(pack_header(was), pack_header(was._replace(process=elsewhere)))
    )
    first.finish()
    assert not path.exists()
    assert steps(store, first.id, "there") == [0, 1]
    assert recover(store) == []


# ---- every interleaving --------------------------------------------------------------------------

_CLONES = st.integers(0, 1)


class Machines(RuleBasedStateMachine):
    """Two clones of one hub that log to one run, end it, go on with it and share as they like."""

    def __init__(self) -> None:
        super().__init__()
        self._left = ExitStack()
        self.stores: list[Store] = []
        self.open: list[ActiveRun | None] = []
        self.logged: set[tuple[str, int]] = set()
        self.params: dict[str, str] = {}
        self.run_id = ""
        self._numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        place = Path(self._left.enter_context(tempfile.TemporaryDirectory()))
        code = make_repo(place / "code")
        git(place, "clone", "-q", "--bare", str(code), "remote.git", check=True)
        for number in range(2):
            git(place, "clone", "-q", "remote.git", f"clone{number}", check=True)
            Store.init(place / f"clone{number}").store.close()
            self.stores.append(self._left.enter_context(Store.open(place / f"clone{number}")))
        run = begin.start(self.stores[0], "churn")
        self.run_id, self.open = run.id, [run, None]
        run.checkpoint()
        share(*self.stores)
        self.began = run_of(self.stores[1], run.id)[1].start

    @rule(number=_CLONES)
    def log(self, number: int) -> None:
        run, step = self.open[number], next(self._numbers)
        if run is not None:
            run.log_metric(f"m{number}", float(step), step)
            self.logged.add((f"m{number}", step))

    @rule(number=_CLONES)
    def name_a_parameter(self, number: int) -> None:
        run, count = self.open[number], next(self._numbers)
        if run is not None:
            run.log_params({f"p{count}": count})
            self.params[f"p{count}"] = str(count)

    @rule(number=_CLONES)
    def checkpoint(self, number: int) -> None:
        run = self.open[number]
        if run is not None:
            run.checkpoint()
            assert run.failure is None

    @rule(number=_CLONES, status=st.sampled_from((RunStatus.FINISHED, RunStatus.FAILED)))
    def end(self, number: int, status: RunStatus) -> None:
        run, self.open[number] = self.open[number], None
        if run is not None:
            run.finish(status)
            assert run.failure is None

    @rule(number=_CLONES)
    def resume(self, number: int) -> None:
        if self.open[number] is None:
            self.open[number] = begin.resume(self.stores[number], self.run_id)

    @rule(number=_CLONES)
    def tag(self, number: int) -> None:
        store = self.stores[number]
        edit.set_tags(store, run_of(store, self.run_id)[0], {f"t{number}": next(self._numbers)})

    @rule(number=_CLONES)
    def push(self, number: int) -> None:
        share(self.stores[number])

    @rule(number=_CLONES)
    def pull(self, number: int) -> None:
        pull(self.stores[number], transport_of(self.stores[number]))

    def teardown(self) -> None:
        try:
            if self.stores:
                self._come_together()
        finally:
            self._left.close()

    def _come_together(self) -> None:
        for number in (0, 1):
            self.end(number, RunStatus.FINISHED)
        share(*self.stores, *self.stores)
        require_one(*self.stores)
        for store in self.stores:
            folder, run = run_of(store, self.run_id)
            points = store.snapshot().points(folder)
            assert [point.step for point in points] == sorted(step for _, step in self.logged)
            assert {(point.key, point.step) for point in points} == self.logged
            assert run.params == self.params
            assert (run.start, run.status.terminal) == (self.began, True)
            assert sum(one.points for one in run.metrics.values()) == len(self.logged)
            assert not journals.live_run_ids(store.data)


def test_two_machines_and_one_run() -> None:
    examine(Machines, 4, 12)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_two_machines_and_one_run_in_every_order() -> None:
    examine(Machines, 60, 40)
