"""A clone whose clock is a year ahead: what was written knowing its edits still wins over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlgit import times
from mlgit.runs import begin, edit, experiments
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.sharing.test_sync import Clone, bring_together, record

YEAR = 365 * 24 * 3600 * 1000  # milliseconds


@contextmanager
def a_year_ahead() -> Iterator[None]:
    with times.pinned(times.Sources(clock=lambda: time.time_ns() // 1_000_000 + YEAR)):
        yield


def team(clone: Clone) -> tuple[Store, Store, str]:
    """Two clones, of which one has a clock that is ahead, and the folder of a run in both."""
    ahead = clone("ahead")
    record(ahead)
    sync(ahead, transport_of(ahead))
    [folder] = ahead.snapshot().run_folders()
    return ahead, clone("here"), folder


def let_both_edit(ahead: Store, here: Store, folder: str, later: Callable[[], object]) -> None:
    """`later` happens here, and something else meanwhile where the clock is ahead."""
    bring_together(ahead, here)
    later()
    with a_year_ahead():
        edit.set_note(ahead, folder, "so that both sides changed the run")
    bring_together(ahead, here)
    for store in (ahead, here):
        assert store.snapshot().run(folder).note == "so that both sides changed the run"


def test_an_edit_that_knew_the_other_wins(clone: Clone) -> None:
    ahead, here, folder = team(clone)
    with a_year_ahead():
        edit.set_tags(ahead, folder, {"team": "blue", "stage": "draft"})

    def later() -> None:
        edit.set_tags(here, folder, {"team": "red"})
        edit.delete_tag(here, folder, "stage")

    let_both_edit(ahead, here, folder, later)
    assert here.snapshot().run(folder).tags == {"team": "red"}
    assert ahead.snapshot().tree == here.snapshot().tree


def test_a_deleted_run_is_restored(clone: Clone) -> None:
    ahead, here, folder = team(clone)
    with a_year_ahead():
        edit.delete(ahead, folder)
        edit.restore(ahead, folder)
        edit.delete(ahead, folder)
    bring_together(ahead, here)
    edit.restore(here, folder)
    let_both_edit(ahead, here, folder, lambda: edit.delete(here, folder))
    run = ahead.snapshot().run(folder)
    assert run.lifecycle == "deleted"
    assert run.deleted_at is not None
    assert run.deleted_at <= times.now_ms()


def test_a_run_that_goes_on_is_tagged(clone: Clone) -> None:
    ahead, here, folder = team(clone)
    with a_year_ahead():
        edit.set_tags(ahead, folder, {"team": "blue"})

    def later() -> None:
        run = begin.resume(here, here.snapshot().run(folder).id)
        run.set_tags({"team": "red"})
        run.set_tags({"team": "green"})
        run.finish()

    let_both_edit(ahead, here, folder, later)
    assert ahead.snapshot().run(folder).tags["team"] == "green"


def test_an_experiment_is_tagged(clone: Clone) -> None:
    ahead, here, _ = team(clone)
    [found], _ = ahead.snapshot().experiments()
    with a_year_ahead():
        experiments.set_tag(ahead, found.id, "team", "blue")
    bring_together(ahead, here)
    experiments.set_tag(here, found.id, "team", "red")
    with a_year_ahead():
        experiments.set_tag(ahead, found.id, "goal", "recall")
    bring_together(ahead, here)
    [found], _ = ahead.snapshot().experiments()
    assert found.tags == {"team": "red", "goal": "recall"}


def test_of_two_that_did_not_know_each_other_the_clock_that_is_ahead_wins(clone: Clone) -> None:
    ahead, here, folder = team(clone)
    with a_year_ahead():
        edit.set_tags(ahead, folder, {"team": "blue"})
    edit.set_tags(here, folder, {"team": "red"})
    bring_together(ahead, here)
    assert here.snapshot().run(folder).tags["team"] == "blue"
    edit.set_tags(here, folder, {"team": "red"})
    bring_together(ahead, here)
    assert ahead.snapshot().run(folder).tags["team"] == "red"


def test_the_last_moment_there_is_stops_nobody(clone: Clone) -> None:
    ahead, here, folder = team(clone)
    with times.pinned(times.Sources(clock=lambda: times.MAX_TIME_MS)):
        edit.set_tags(ahead, folder, {"team": "blue"})
    bring_together(ahead, here)
    edit.set_tags(here, folder, {"team": "red"})
    bring_together(ahead, here)
    assert ahead.snapshot().run(folder).tags["team"] == "red"
