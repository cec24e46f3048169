"""What was published of a run's points never becomes less, whatever is left of its journals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.records import layout
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.runs import begin
from mlgit.runs.journal_records import pack_header
from mlgit.runs.live import ActiveRun
from mlgit.runs.recover import recover
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.runs.helpers import commits

DEAD = {"pid": 2**22 + 1, "started": "1"}


def journal_of_the_dead(active: ActiveRun, content: bytes | None = None) -> tuple[Path, bytes]:
    """The journal of a run, closed, as a process that is gone has written it."""
    file = active._session.journal.file
    found, was = file.read() if content is None else content, file.header
    file.close()
    header = was._replace(process=was.process._replace(**DEAD))  # type: ignore[arg-type]
    return file.path, found.replace(pack_header(was), pack_header(header))


def segments(store: Store, folder: str) -> dict[str, bytes]:
    snapshot = store.snapshot()
    return {
        name: snapshot.read(f"{folder}/{name}") or b"" for name in snapshot.segment_names(folder)
    }


def resumed(store: Store) -> ActiveRun:
    """A handle that goes on with a finished run."""
    first = begin.start(store, "churn")
    first.log_metric("loss", 0.5, 0)
    first.finish()
    return begin.resume(store, first.id)


def steps(store: Store, folder: str) -> list[int]:
    return [point.step for point in store.snapshot().points(folder)]


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.floats(0.0, 1.0))
def test_a_journal_that_lost_its_end_takes_no_point_away(store: Store, cut: float) -> None:
    run = resumed(store)
    for step in range(1, 21):
        run.log_metric("loss", 1 / step, step)
        if step % 7 == 0:
            run.checkpoint()
    path, content = journal_of_the_dead(run)
    before, there = segments(store, run.folder), steps(store, run.folder)
    path.write_bytes(content[: int(len(content) * cut)])
    recover(store)
    after = segments(store, run.folder)
    assert {name: after[name] for name in before} == before
    found = steps(store, run.folder)
    assert found[: len(there)] == there
    assert found == list(range(len(found)))
    assert check(store.snapshot(), deep=True) == []
    path.unlink(missing_ok=True)


def test_a_journal_that_lost_the_mark_of_its_checkpoint_adds_what_is_new(store: Store) -> None:
    run = resumed(store)
    run.log_metric("loss", float("nan"), 1)
    run.checkpoint()
    before = segments(store, run.folder)
    run.log_metric("loss", 0.25, 2)
    path, content = journal_of_the_dead(run)
    lines = content.split(b'"do":"seal"')
    assert len(lines) == 2
    path.write_bytes(lines[0] + b'"do":"sEAL"' + lines[1])
    [done] = recover(store)
    assert done.problem is None
    after = segments(store, run.folder)
    assert {name: after.pop(name) for name in before} == before
    [more] = after.values()
    assert more.count(b"\n") == 2
    assert steps(store, run.folder) == [0, 1, 2]
    [shelved] = store.data.rglob(f"{run.id}.{path.stem}.*.journal")
    count, path = commits(store), path
    path.parent.mkdir()
    shelved.replace(path)
    assert [one.problem for one in recover(store)] in ([], [None])
    assert segments(store, run.folder) == {**before, **after}
    assert commits(store) == count


@pytest.mark.parametrize("known", [float("nan"), 0.0])
def test_equal_points_are_one_however_they_are_spelled(store: Store, known: float) -> None:
    run = resumed(store)
    run.log_metric("loss", known, 1)
    run.log_metric("loss", 7.0, 2)
    run.checkpoint()
    before = segments(store, run.folder)
    path, content = journal_of_the_dead(run)
    path.write_bytes(content[: content.index(b'"do":"seal"') - 60])
    recover(store)
    assert segments(store, run.folder) == before


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.97])
def test_a_down_sampled_file_stays_as_it_is(store: Store, cut: float) -> None:
    with store.change("limits") as change:
        change.put(layout.SETTINGS, dump_settings(Settings(limits=Limits(metrics=1_000))))
    run = resumed(store)
    for step in range(1, 3_000):
        run.log_metric("loss", 1 / step, step, 1_000 + step)
    run.checkpoint()
    assert store.snapshot().run(run.folder).history.sampled
    before, there = segments(store, run.folder), set(steps(store, run.folder))
    path, content = journal_of_the_dead(run)
    path.write_bytes(content[: int(len(content) * cut)])
    [done] = recover(store)
    assert done.problem is None
    after = segments(store, run.folder)
    assert {name: after[name] for name in before} == before
    assert there <= set(steps(store, run.folder))
    assert [one for one in check(store.snapshot(), deep=True) if one.severity == "error"] == []
