"""Histories that are too long for git: the whole one is an artifact, a down-sampled one stays."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.fetch import local_sources
from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.metrics import Point, decode_points, encode_points, summarize
from mlgit.records.run import Run, load_run
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.runs import begin, history
from mlgit.runs.begin import RunRequest
from mlgit.runs.heal import heal
from mlgit.runs.live import ActiveRun
from mlgit.runs.live_view import LiveView
from mlgit.search.points import points_frame
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.runs.helpers import published

LONG = range(5_000)


def limit(store: Store, size: int) -> None:
    settings = Settings(limits=Limits(metrics=size))
    with store.change("limits") as change:
        change.put(layout.SETTINGS, dump_settings(settings))


def log(run: ActiveRun, steps: Iterable[int]) -> None:
    """One point a step, at a time of its own, peaks and odd values among them."""
    for step in steps:
        odd = {1_234: math.nan, 2_345: 77.0, 3_456: -math.inf}
        run.log_metric("loss", odd.get(step, 1 / (step + 1)), step, 1_000 + step)


def long_run(store: Store, steps: Iterable[int] = LONG) -> tuple[str, Run]:
    run = begin.start(store, "churn", RunRequest(name="brisk-otter-12"))
    log(run, steps)
    run.finish()
    return published(store, run.id)


def whole(store: Store, run_id: str) -> list[int]:
    view = LiveView(store).of_run(run_id)
    assert view is not None
    return [point.step for point in view.points]


def in_git(store: Store, folder: str) -> int:
    return len(store.snapshot().points(folder))


def problems(store: Store) -> list[str]:
    return [each.message for each in check(store.snapshot(), deep=True)]


def size_of(store: Store) -> int:
    """The bytes that the long run's history has for the limit."""
    folder, _ = long_run(store)
    data = store.snapshot().read(f"{folder}/metrics.csv") or b""
    return sum(map(len, history.packed(data)))


def test_a_history_of_exactly_the_limit_stays_one_byte_more_does_not(store: Store) -> None:
    size = size_of(store)
    limit(store, size)
    folder, run = long_run(store)
    assert not run.history.sampled
    assert in_git(store, folder) == len(LONG)
    limit(store, size - 1)
    folder, run = long_run(store)
    assert run.history.sampled == {"metrics.csv": {"loss": len(LONG)}}
    assert in_git(store, folder) <= 2_000


def test_the_whole_history_is_an_artifact_and_the_summary_is_its(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    snapshot = store.snapshot()
    (entry,) = snapshot.manifest(folder)
    assert entry.path == f"metric-history-{entry.sha256[:12]}.csv"
    assert run.history.artifacts == {entry.path: entry.sha256}
    with ObjectCache(store.data / "objects").open(entry.sha256) as file:
        data = file.read()
    assert (entry.size, entry.inline) == (len(data), "")
    points = decode_points(data)
    assert [point.step for point in points] == list(LONG)
    assert repr(summarize(points)) == repr(dict(run.metrics))
    assert set(map(repr, snapshot.points(folder))) < set(map(repr, points))
    assert problems(store) == []


def test_the_whole_history_is_read_where_its_bytes_are(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    assert whole(store, run.id) == list(LONG)
    frame = points_frame(store.snapshot(), folder, local_sources(store.data))
    assert frame["step"].tolist() == list(LONG)


@pytest.mark.filterwarnings("ignore:only a down-sampled")
def test_without_its_bytes_the_sample_is_read_and_a_warning_says_so(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    shutil.rmtree(store.data / "objects")
    with pytest.warns(UserWarning, match="only a down-sampled history of 5,000 points is here: "):
        steps = whole(store, run.id)
    assert steps == [point.step for point in store.snapshot().points(folder)]
    with pytest.warns(UserWarning, match=r"is here: metric-history-\w+\.csv"):
        assert (
            points_frame(store.snapshot(), folder, local_sources(store.data))["step"].tolist()
            == steps
        )


def test_points_of_models_and_datasets_leave_git_and_come_back(store: Store) -> None:
    limit(store, 10_000)
    run = begin.start(store, "churn", RunRequest())
    points = [
        Point(
            step, 1_000 + step, "acc", step / 7, *(("m-1", 'the "iris"', "d1") if step % 3 else ())
        )
        for step in LONG
    ]
    run.log_points(points)
    run.finish()
    folder, after = published(store, run.id)
    assert after.history.sampled == {"metrics.csv": {"acc": len(LONG)}}
    view = LiveView(store).of_run(run.id)
    assert view is not None
    assert view.points == points
    assert in_git(store, folder) <= 4_000
    frame = points_frame(store.snapshot(), folder, local_sources(store.data)).astype(
        {"key": object}
    )
    assert [Point(*row) for row in frame.itertuples(index=False, name=None)] == points
    again = begin.resume(store, run.id)
    again.log_metric("acc", 1.0, 6_000, 7_000)
    again.finish()
    frame = points_frame(store.snapshot(), folder, local_sources(store.data))
    assert (len(frame), frame["model_id"].iloc[-1]) == (len(LONG) + 1, "")
    assert problems(store) == []


def test_bytes_that_are_not_those_are_not_believed(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    (digest,) = run.history.artifacts.values()
    path = ObjectCache(store.data / "objects").path(digest)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b",77.0", b",78.0"))
    with pytest.warns(UserWarning, match="5,000 points is here: .* is damaged"):
        assert len(whole(store, run.id)) == in_git(store, folder)


def test_a_resumed_run_goes_on_in_a_segment_of_its_own(store: Store) -> None:
    limit(store, 10_000)
    _, run = long_run(store)
    again = begin.resume(store, run.id)
    log(again, range(5_000, 5_010))
    again.finish()
    folder, after = published(store, run.id)
    assert after.history == run.history
    assert after.metrics["loss"].points == 5_010
    assert after.metrics["loss"].step == 5_009
    assert whole(store, run.id) == list(range(5_010))
    frame = points_frame(store.snapshot(), folder, local_sources(store.data))
    assert frame["step"].tolist() == list(range(5_010))
    assert problems(store) == []


def test_a_run_is_resumed_without_the_bytes_that_left_git(store: Store) -> None:
    limit(store, 10_000)
    _, run = long_run(store)
    shutil.rmtree(store.data / "objects")
    again = begin.resume(store, run.id)
    log(again, range(5_000, 5_010))
    again.finish()
    _, after = published(store, run.id)
    assert after.history == run.history
    assert after.metrics["loss"] == run.metrics["loss"]._replace(
        last=1 / 5_010, step=5_009, time=6_009, points=5_010
    )
    assert problems(store) == []


def test_a_resumed_run_that_is_too_long_again_leaves_a_second_artifact(store: Store) -> None:
    limit(store, 40_000)
    _, run = long_run(store)
    again = begin.resume(store, run.id)
    log(again, range(5_000, 12_000))
    assert whole(store, run.id) == list(range(12_000))
    again.finish()
    folder, after = published(store, run.id)
    assert len(after.history.artifacts) == 2
    assert after.history.points == after.metrics["loss"].points == 12_000
    assert after.metrics["loss"].max == 77.0
    assert whole(store, run.id) == list(range(12_000))
    assert len(points_frame(store.snapshot(), folder, local_sources(store.data))) == 12_000
    assert problems(store) == []


def test_a_checkpoint_leaves_what_is_sealed_and_samples_what_is_too_much(store: Store) -> None:
    limit(store, 70_000)
    run = begin.start(store, "churn", RunRequest())
    log(run, LONG)
    run.checkpoint()
    folder, first = published(store, run.id)
    assert not first.history.sampled
    log(run, range(5_000, 10_000))
    run.checkpoint()
    _, second = published(store, run.id)
    names = store.snapshot().segment_names(folder)
    sealed = {name: store.snapshot().read(f"{folder}/{name}") for name in names}
    assert list(second.history.sampled) == names[1:]
    assert not second.history.artifacts
    assert second.metrics["loss"].points == 10_000
    assert problems(store) == []
    log(run, range(10_000, 10_005))
    run.finish()
    _, last = published(store, run.id)
    after = store.snapshot()
    assert {name: after.read(f"{folder}/{name}") for name in names} == sealed
    assert len(last.history.artifacts) == 1
    assert last.history.sampled == second.history.sampled
    assert whole(store, run.id) == list(range(10_005))
    assert points_frame(after, folder, local_sources(store.data))["step"].tolist() == list(
        range(10_005)
    )
    assert problems(store) == []


def test_the_same_journals_give_the_same_files_again(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    with store.change("lost") as change:
        change.remove(f"{folder}/metrics.csv")
    assert [healed.problem for healed in heal(store, every=True)] == [None]
    healed_folder, after = published(store, run.id)
    assert (healed_folder, after.history, after.metrics) == (folder, run.history, run.metrics)
    assert in_git(store, folder) <= 2_000
    assert whole(store, run.id) == list(LONG)


def test_check_names_a_summary_that_the_sample_contradicts(store: Store) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)

    def doctored(there: Run) -> Run:
        return there._replace(metrics={"loss": there.metrics["loss"]._replace(max=99.0)})

    store.edit_run(folder, doctored, "doctored")
    assert problems(store) == ["metrics.loss: does not follow from the points"]
    more = run.metrics["loss"]._replace(points=5_001)
    store.edit_run(folder, lambda there: there._replace(metrics={"loss": more}), "doctored")
    assert problems(store) == ["metrics.loss: does not follow from the points"]


def test_check_names_a_history_that_the_manifest_does_not_list(store: Store) -> None:
    limit(store, 10_000)
    folder, _ = long_run(store)
    with store.change("spoil") as change:
        change.put(f"{folder}/artifacts.yaml", b"format: 1\n")
    (problem,) = problems(store)
    assert problem.startswith("history: the manifest does not list 'metric-history-")


@pytest.mark.parametrize("digest", ["../../../etc/passwd", "00", "A" * 64, "0" * 63 + " "])
def test_a_digest_that_is_none_is_damage(store: Store, digest: str) -> None:
    limit(store, 10_000)
    folder, run = long_run(store)
    (right,) = run.history.artifacts.values()
    data = store.snapshot().read(f"{folder}/run.yaml") or b""
    with pytest.raises(Damaged):
        load_run(data.replace(right.encode(), digest.encode()))


def test_files_are_joined_row_after_row() -> None:
    narrow = encode_points(decode_points(b"step,timestamp,key,value\n1,2,a,0.5\n"))
    wide = b"step,timestamp,key,value,model_id,dataset_name,dataset_digest\n3,4,b,nan,m,,\n"
    assert history.joined([narrow]) == narrow
    assert history.joined([narrow, narrow + b"9,9"]) == narrow + b"1,2,a,0.5\n"
    assert [point.model_id for point in decode_points(history.joined([narrow, wide]))] == ["", "m"]
