from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit import times
from mlgit.errors import NotFound
from mlgit.records.run import RunStatus
from mlgit.runs import begin, edit, heal, journals
from mlgit.runs.backlog import Backlog
from mlgit.runs.begin import RunRequest
from mlgit.runs.checkpoints import CheckpointPolicy, Schedule
from mlgit.runs.live import ActiveRun
from mlgit.runs.live_view import LiveView, is_lost
from mlgit.runs.publish import publish_run
from mlgit.runs.recover import recover
from mlgit.store.store import Store
from mlgit.times import Sources, pinned
from tests.runs.helpers import commits, published
from tests.support.repos import git


@pytest.fixture
def active(store: Store) -> Iterator[ActiveRun]:
    run = begin.start(store, "churn", RunRequest(name="brisk-otter-12"))
    yield run
    run.finish()


# ---- checkpoints ---------------------------------------------------------------------------------


def test_a_checkpoint_publishes_a_run_that_goes_on(store: Store, active: ActiveRun) -> None:
    active.log_metric("m", 1.0, 0)
    active.add_bytes(b"x", "x.txt")
    commit = active.checkpoint()
    assert commit == store.snapshot().commit
    folder, run = published(store, active.id)
    assert run.status is RunStatus.RUNNING
    assert run.end is None
    assert run.alive_until is not None
    assert run.alive_until > times.now_ms()
    assert store.snapshot().read(f"{folder}/files/x.txt") == b"x"


def test_checkpoints_are_sealed_segments_that_never_change(store: Store, active: ActiveRun) -> None:
    for number in range(3):
        active.log_metric("m", number, number)
        active.checkpoint()
    folder, _ = published(store, active.id)
    snapshot = store.snapshot()
    before = {name: snapshot.read(f"{folder}/{name}") for name in snapshot.names(folder)}
    active.log_metric("m", 3.0, 3)
    active.finish()
    after = store.snapshot()
    sealed = [name for name in before if name.startswith("metrics.")]
    assert len(sealed) == 3
    assert {name: after.read(f"{folder}/{name}") for name in sealed} == {
        name: before[name] for name in sealed
    }
    assert [point.value for point in after.points(folder)] == [0.0, 1.0, 2.0, 3.0]
    run = after.run(folder)
    assert (run.status, run.alive_until, run.metrics["m"].points) == (RunStatus.FINISHED, None, 4)


def test_a_checkpoint_without_new_points_adds_no_segment(store: Store, active: ActiveRun) -> None:
    active.log_metric("m", 1.0)
    active.checkpoint()
    active.checkpoint()
    folder, _ = published(store, active.id)
    assert len([n for n in store.snapshot().names(folder) if n.startswith("metrics")]) == 1


def test_what_was_logged_once_before_and_once_after_a_checkpoint_counts_once(
    store: Store, active: ActiveRun
) -> None:
    active.log_metric("m", 1.0, 0, 5)
    active.checkpoint()
    active.log_metric("m", 1.0, 0, 5)
    active.finish()
    assert published(store, active.id)[1].metrics["m"].points == 1


def test_an_edit_on_the_branch_survives_a_checkpoint_and_the_end(
    store: Store, active: ActiveRun
) -> None:
    active.set_tags({"a": "1", "b": "1"})
    active.checkpoint()
    edit.set_tags(store, active.folder, {"a": "2", "new": "3"})
    edit.delete_tag(store, active.folder, "b")
    edit.set_note(store, active.folder, "by a person")
    active.checkpoint()
    active.finish()
    run = published(store, active.id)[1]
    assert (run.tags, run.note) == ({"a": "2", "new": "3"}, "by a person")


def test_what_the_run_says_after_an_edit_counts_again(store: Store, active: ActiveRun) -> None:
    active.set_tags({"a": "1"})
    active.checkpoint()
    edit.set_tags(store, active.folder, {"a": "2"})
    time.sleep(0.002)
    active.set_tags({"a": "3"})
    active.finish()
    assert published(store, active.id)[1].tags["a"] == "3"


def test_a_run_that_was_deleted_meanwhile_stays_deleted(store: Store, active: ActiveRun) -> None:
    active.checkpoint()
    edit.delete(store, active.folder)
    active.log_metric("m", 1.0)
    active.finish()
    run = published(store, active.id)[1]
    assert (run.lifecycle, run.status) == ("deleted", RunStatus.FINISHED)


def test_when_a_checkpoint_is_due() -> None:
    schedule = Schedule(CheckpointPolicy(seconds=10, growth=100, longest=40), now=0.0)
    assert not schedule.is_due(9.9, 99)
    assert schedule.is_due(10.0, 0)
    assert schedule.is_due(1.0, 100)
    schedule.done(10.0, 150, cost=0.01)
    assert not schedule.is_due(20.0, 299)
    assert schedule.is_due(20.0, 300)
    assert schedule.is_due(22.5, 150)
    for step in range(20):
        schedule.done(100.0 * step, 150, cost=0.01)
    assert schedule.is_due(1900.0 + 40, 150)
    schedule.done(2000.0, 150, cost=3.0)
    assert not schedule.is_due(2299.0, 150), "what takes 3 s is not done every 40 s"
    assert schedule.alive_for() > 600


def test_no_checkpoints_when_they_are_switched_off() -> None:
    schedule = Schedule(CheckpointPolicy(seconds=0), now=0.0)
    assert not schedule.is_due(1e9, 1 << 40)


# ---- shelved journals ----------------------------------------------------------------------------


def shelved(store: Store) -> list[Path]:
    return sorted(journals.published_folder(store.data).rglob("*.journal"))


def later(hours: float) -> Sources:
    return Sources(clock=lambda: int((time.time() + 3600 * hours) * 1000))


def test_a_published_journal_is_kept_for_an_hour_and_then_goes(
    store: Store, active: ActiveRun
) -> None:
    active.log_metric("m", 1.0)
    active.finish()
    assert len(shelved(store)) == 1
    assert not list(journals.live_folder(store.data).iterdir())
    heal.heal(store)
    with pinned(later(0.99)):
        heal.heal(store)
    assert len(shelved(store)) == 1
    with pinned(later(2.1)):
        assert heal.heal(store) == []
    assert shelved(store) == []
    assert list(journals.published_folder(store.data).iterdir()) == []


def test_what_is_gone_from_the_branch_is_published_again(
    store: Store, repo: Path, active: ActiveRun
) -> None:
    before = store.snapshot().commit.decode()
    active.log_metric("m", 1.0)
    active.finish()
    git(repo, "update-ref", "refs/heads/mlgit", before, check=True)
    with Store.open(repo) as again:
        assert again.snapshot().find_run(active.id) == []
        [healed] = heal.heal(again, every=True)
        assert (healed.run_id, healed.problem) == (active.id, None)
        assert published(again, active.id)[1].metrics["m"].last == 1.0
        assert heal.heal(again, every=True) == []


def test_a_run_of_several_writers_is_healed_whole(
    store: Store, repo: Path, active: ActiveRun
) -> None:
    before = store.snapshot().commit.decode()
    guest = begin.visit(store, active.id)
    guest.log_metric("guest", 1.0)
    guest.log_params({"from": "guest"})
    guest.finish(None)
    active.log_metric("owner", 1.0)
    active.checkpoint()
    active.finish()
    names = store.snapshot().names(active.folder)
    git(repo, "update-ref", "refs/heads/mlgit", before, check=True)
    with Store.open(repo) as again:
        heal.heal(again, every=True)
        found = again.snapshot()
        folder, run = published(again, active.id)
        assert (run.params, set(run.metrics)) == ({"from": "guest"}, {"guest", "owner"})
        assert run.status is RunStatus.FINISHED
        assert found.names(folder) == names


LOOKED_AT = """
import pathlib, sys
from mlgit.runs import heal
from mlgit.store.store import Store
with Store.open(pathlib.Path.cwd()) as store:
    published, seen = str(store.data / "published"), set()
    def look(event, arguments):
        if arguments and event in ("open", "os.scandir", "os.listdir"):
            place = str(arguments[0])
            if place.startswith(published):
                seen.add(place.removeprefix(published))
    sys.addaudithook(look)
    heal.heal(store)
    print(sorted(seen))
"""


def test_where_nothing_is_old_the_journals_are_not_even_listed(
    store: Store, active: ActiveRun
) -> None:
    active.log_metric("m", 1.0)
    active.finish()
    assert len(shelved(store)) == 1
    argv = [sys.executable, "-c", LOOKED_AT]
    assert subprocess.run(argv, capture_output=True, check=True, text=True).stdout == "['']\n"


def test_what_there_is_no_time_for_is_looked_after_by_later_commands(
    store: Store, repo: Path
) -> None:
    before = store.snapshot().commit.decode()
    runs = [begin.start(store, "churn") for _ in range(3)]
    for run in runs:
        run.log_metric("m", 1.0)
        run.finish()
    git(repo, "update-ref", "refs/heads/mlgit", before, check=True)
    with Store.open(repo) as again, pinned(later(2.1)):
        healed = [[one.run_id for one in heal.heal(again, seconds=-1)] for _ in range(4)]
        assert sorted(map(len, healed)) == [0, 1, 1, 1]
        assert {one for some in healed for one in some} == {run.id for run in runs}
        assert all(published(again, run.id)[1].metrics["m"].last == 1.0 for run in runs)
        assert shelved(again) == []


def test_other_files_beside_the_journals_are_left_alone(store: Store) -> None:
    store.make_folders()
    folder = journals.published_folder(store.data) / "1"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (journals.published_folder(store.data) / "x").mkdir()
    assert heal.heal(store) == []
    assert (folder / "notes.txt").exists()


def test_a_folder_without_journals_is_cleared_away(store: Store) -> None:
    store.make_folders()
    (journals.live_folder(store.data) / "0123456789abcdef").mkdir(parents=True)
    (journals.live_folder(store.data) / "stray").write_text("")
    assert recover(store) == []
    assert [path.name for path in journals.live_folder(store.data).iterdir()] == ["stray"]
    assert publish_run(store, "0123456789abcdef") is None


# ---- what lists see ------------------------------------------------------------------------------


def test_a_live_run_is_seen_with_all_it_logged(store: Store, active: ActiveRun) -> None:
    active.log_params({"lr": 1})
    active.log_metric("m", 1.0, 0)
    active.add_bytes(b"x", "x.txt")
    view = LiveView(store)
    [run] = view.runs()
    assert (run.id, run.status, run.params) == (active.id, RunStatus.RUNNING, {"lr": "1"})
    active.log_metric("m", 2.0, 1)
    [run] = view.runs()
    assert (run.metrics["m"].last, run.metrics["m"].points) == (2.0, 2)
    whole = view.of_run(active.id)
    assert whole is not None
    assert [point.value for point in whole.points] == [1.0, 2.0]
    assert whole.manifest == active.artifacts()
    assert whole.small[whole.manifest[0].sha256] == b"x"
    assert whole.is_live
    assert whole.experiment.name == "churn"


def test_a_handle_sees_its_run_and_what_others_logged_to_it(
    store: Store, active: ActiveRun
) -> None:
    guest = begin.visit(store, active.id)
    guest.log_metric("guest", 1.0)
    active.log_metric("owner", 2.0)
    assert set(active.view().run.metrics) == {"guest", "owner"}
    guest.finish(None)
    active.finish()
    assert set(active.view().run.metrics) == {"guest", "owner"}
    assert not active.view().is_live


def test_a_checkpointed_run_is_seen_with_what_came_after(store: Store, active: ActiveRun) -> None:
    active.log_metric("m", 1.0, 0)
    active.checkpoint()
    active.log_metric("m", 2.0, 1)
    whole = LiveView(store).of_run(active.id)
    assert whole is not None
    assert [point.value for point in whole.points] == [1.0, 2.0]
    assert whole.run.metrics["m"].points == 2


def test_a_published_run_is_seen_as_it_is(store: Store, active: ActiveRun) -> None:
    active.log_metric("m", 1.0, 0)
    active.finish()
    whole = LiveView(store).of_run(active.id)
    assert whole is not None
    assert not whole.is_live
    assert whole.run == published(store, active.id)[1]
    assert [point.value for point in whole.points] == [1.0]
    assert LiveView(store).runs() == []
    assert LiveView(store).of_run("0123456789abcdef") is None


def test_a_damaged_journal_hides_no_other_run(store: Store, active: ActiveRun) -> None:
    folder = journals.live_folder(store.data) / "0123456789abcdef"
    folder.mkdir()
    (folder / "00000000.journal").write_bytes(b"garbage")
    assert [run.id for run in LiveView(store).runs()] == [active.id]


def test_newest_runs_come_first(store: Store) -> None:
    first = begin.start(store, "churn", RunRequest(start=1_000))
    second = begin.start(store, "churn", RunRequest(start=2_000))
    assert [run.id for run in LiveView(store).runs()] == [second.id, first.id]
    first.finish()
    second.finish()


def test_a_run_is_lost_when_its_sign_of_life_is_overdue(store: Store, active: ActiveRun) -> None:
    active.checkpoint()
    run = published(store, active.id)[1]
    assert run.alive_until is not None
    assert not is_lost(run)
    assert not is_lost(run, run.alive_until)
    assert is_lost(run, run.alive_until + 1)
    active.finish()
    assert not is_lost(published(store, active.id)[1], run.alive_until + 1)


# ---- the waiting room ----------------------------------------------------------------------------


def test_a_backlog_keeps_other_records_when_points_go() -> None:
    backlog = Backlog(max_points=3)
    backlog.add(b"event", 0)
    for number in range(5):
        backlog.add(bytes([number]), 1)
    assert (backlog.points, backlog.lost_points) == (3, 2)
    assert backlog.frames() == b"event\x02\x03\x04"


def test_what_a_write_took_in_part_is_written_whole_again() -> None:
    backlog = Backlog()
    for text in (b"one", b"two", b"three"):
        backlog.add(text, 1)
    taken: list[bytes] = []

    def part(data: bytes) -> int:
        taken.append(data[:4])
        return 4

    with pytest.raises(OSError, match="part"):
        backlog.write_to(part)
    assert backlog.frames() == b"twothree"

    def whole(data: bytes) -> int:
        taken.append(data)
        return len(data)

    backlog.write_to(whole)
    assert taken == [b"onet", b"twothree"]
    assert not backlog
    assert backlog.points == 0


def test_too_many_other_records_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgit.runs.backlog.MAX_OTHER_BYTES", 10)
    backlog = Backlog()
    backlog.add(b"12345678", 0)
    backlog.add(b"12345678", 0)
    assert backlog.lost_records == 1
    assert backlog.frames() == b"12345678"


def test_a_purged_run_is_not_published(store: Store, active: ActiveRun) -> None:
    from mlgit.records.run import Purged, dump_purged

    active.checkpoint()
    with store.change("purge") as change:
        for name in store.snapshot().names(active.folder):
            change.remove(f"{active.folder}/{name}")
        stub = dump_purged(Purged(active.id, times.now_ms(), "ada"))
        change.put(f"{active.folder}/run.yaml", stub)
    count = commits(store)
    with pytest.warns(UserWarning, match="was purged"):
        assert active.finish() is None
    assert isinstance(active.failure, NotFound)
    assert commits(store) == count
