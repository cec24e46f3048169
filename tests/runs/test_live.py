from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from mlgit.errors import AlreadyExists, InvalidState, InvalidValue, NotFound, StorageFailed
from mlgit.records.artifact import ArtifactEntry
from mlgit.records.inputs import DatasetInput, ModelLink
from mlgit.records.metrics import Point
from mlgit.records.run import Run, RunStatus, Source
from mlgit.runs import begin, experiments
from mlgit.runs.begin import RunRequest
from mlgit.runs.live import ActiveRun
from mlgit.runs.live_view import LiveView
from mlgit.store.store import Store
from tests.runs.helpers import commits, every_blob, published
from tests.support.forking import in_child
from tests.support.repos import footprint


@pytest.fixture
def active(store: Store) -> Iterator[ActiveRun]:
    run = begin.start(store, "churn", RunRequest(name="brisk-otter-12"))
    yield run
    run.finish()


def finished(store: Store, active: ActiveRun) -> Run:
    assert active.finish() is not None
    return published(store, active.id)[1]


# ---- start to end --------------------------------------------------------------------------------


def test_a_run_is_one_commit_and_touches_nothing_else(store: Store, repo: Path) -> None:
    before, count = footprint(repo), commits(store)
    active = begin.start(store, "churn")
    active.log_params({"lr": 0.1})
    active.log_metric("loss", 0.5)
    assert commits(store) == count
    assert active.finish() == store.snapshot().commit
    assert commits(store) == count + 1
    assert footprint(repo) == before


def test_what_was_logged_is_on_the_branch(store: Store, active: ActiveRun) -> None:
    active.log_params({"lr": 0.1, "model": "forest"})
    active.set_tags({"team": "blue", "mlflow.note.content": "first try"})
    for step in range(3):
        active.log_metric("loss", 1 / (step + 1), step, 1000 + step)
    active.log_metrics({"acc": 0.5, "f1": 1}, step=2, timestamp=1002)
    active.add_bytes(b"hello", "notes/a.txt")
    active.log_inputs([DatasetInput("iris", "d1", "local", "{}")], [ModelLink("m-1", "out", 2)])
    run = finished(store, active)
    folder, _ = published(store, active.id)
    snapshot = store.snapshot()
    assert run.status is RunStatus.FINISHED
    assert run.name == "brisk-otter-12"
    assert run.params == {"lr": "0.1", "model": "forest"}
    assert (run.tags["team"], run.note) == ("blue", "first try")
    assert (run.metrics["loss"].last, run.metrics["loss"].max) == (1 / 3, 1.0)
    assert len(snapshot.points(folder)) == 5
    assert snapshot.read(f"{folder}/files/notes/a.txt") == b"hello"
    assert [entry.path for entry in snapshot.manifest(folder)] == ["notes/a.txt"]
    assert snapshot.inputs(folder).models == (ModelLink("m-1", "out", 2),)
    assert snapshot.environment(folder)
    home = snapshot.experiment_by_name("churn")
    assert home is not None
    assert run.experiment_id == home.id


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.KILLED])
def test_it_ends_as_it_is_told(store: Store, active: ActiveRun, status: RunStatus) -> None:
    active.finish(status, end=active.run.start + 5)
    run = published(store, active.id)[1]
    assert (run.status, run.end) == (status, run.start + 5)


def test_after_the_end_nothing_can_be_logged_and_ending_again_does_nothing(
    store: Store, active: ActiveRun
) -> None:
    active.finish()
    count = commits(store)
    assert active.finish() is None
    assert active.is_finished
    for log in (
        lambda: active.log_metric("loss", 1.0),
        lambda: active.log_params({"a": 1}),
        lambda: active.set_tags({"a": 1}),
        lambda: active.add_bytes(b"", "a"),
    ):
        with pytest.raises(InvalidState):
            log()
    assert commits(store) == count


def test_a_run_without_anything_is_a_run(store: Store, active: ActiveRun) -> None:
    run = finished(store, active)
    assert (run.params, run.metrics) == ({}, {})


def test_what_the_caller_asks_for_is_taken(store: Store) -> None:
    request = RunRequest(
        id="imported-1", start=86_400_000, user="ada", parent="p1", note="n", tags={"a": "b"}
    )
    active = begin.start(store, "churn", request)
    folder, run = active.folder, finished(store, active)
    assert "/1970-01-02/" in folder
    assert (run.id, run.user, run.parent, run.note) == ("imported-1", "ada", "p1", "n")
    assert run.tags["a"] == "b"


@pytest.mark.parametrize(
    "request_",
    [
        RunRequest(id="../x"),
        RunRequest(name="a\nb"),
        RunRequest(tags={"bad\nkey": "1"}),
        RunRequest(name="a", tags={"mlflow.runName": "b"}),
        RunRequest(start=-1),
    ],
)
def test_what_cannot_be_is_refused(store: Store, request_: RunRequest) -> None:
    with pytest.raises(InvalidValue):
        begin.start(store, "churn", request_)
    assert LiveView(store).runs() == []


def test_an_id_is_taken_once(store: Store) -> None:
    first = begin.start(store, "churn", RunRequest(id="imported-1"))
    with pytest.raises(AlreadyExists):
        begin.start(store, "other", RunRequest(id="imported-1"))
    first.finish()
    with pytest.raises(AlreadyExists):
        begin.start(store, "other", RunRequest(id="imported-1"))


def test_what_a_caller_says_of_the_source_is_kept_without_secrets(store: Store) -> None:
    said = Source(
        "PROJECT", "https://ada:hunter2@example.org/x", "train --password hunter2 -x 'a b'"
    )
    active = begin.start(store, "churn", RunRequest(source=said))
    source = finished(store, active).source
    assert source.type == "PROJECT"
    assert source.command == "train --password '[redacted]' -x 'a b'"
    assert "hunter2" not in source.name


def test_a_deleted_experiment_takes_no_runs(store: Store) -> None:
    home = experiments.create(store, "churn")
    experiments.delete(store, home.id)
    with pytest.raises(InvalidState, match="deleted"):
        begin.start(store, "churn")


# ---- metrics -------------------------------------------------------------------------------------


class Scalar:
    def __float__(self) -> float:
        return 0.25


@pytest.mark.parametrize(
    ("value", "kept"),
    [(True, 1.0), (3, 3.0), (Decimal("0.5"), 0.5), (Scalar(), 0.25), (math.inf, math.inf)],
)
def test_whatever_is_a_number_is_logged_as_one(
    store: Store, active: ActiveRun, value: object, kept: float
) -> None:
    active.log_metric("m", value)
    active.log_metrics({"n": value})
    run = finished(store, active)
    assert (run.metrics["m"].last, run.metrics["n"].last) == (kept, kept)


def test_numpy_scalars_are_numbers(store: Store, active: ActiveRun) -> None:
    numpy = pytest.importorskip("numpy")
    active.log_metric("m", numpy.float32(0.5), numpy.int64(3))
    active.log_metric("n", numpy.array([2]).sum())
    run = finished(store, active)
    assert (run.metrics["m"].last, run.metrics["m"].step) == (0.5, 3)


@pytest.mark.parametrize("value", [None, "half", b"", [1.0], object(), 1j])
def test_what_is_no_number_is_refused(active: ActiveRun, value: object) -> None:
    with pytest.raises(InvalidValue):
        active.log_metric("m", value)
    with pytest.raises(InvalidValue):
        active.log_metrics({"good": 1.0, "m": value})
    assert LiveView(active._session.store).runs()[0].metrics == {}


@pytest.mark.parametrize("key", ["", "a//b", "../a", "/a", "a\n", "x" * 251, None, 5, ["a"]])
def test_what_cannot_be_a_key_is_refused(active: ActiveRun, key: str) -> None:
    with pytest.raises(InvalidValue):
        active.log_metric(key, 1.0)
    with pytest.raises(InvalidValue):
        active.log_params([(key, "1")])
    with pytest.raises(InvalidValue):
        active.set_tags([(key, "1")])


@pytest.mark.parametrize(
    ("step", "kept"), [(1.7, 1), (-3, -3), (True, 1), (10**18 - 1, 10**18 - 1)]
)
def test_steps_are_whole_numbers(store: Store, active: ActiveRun, step: object, kept: int) -> None:
    active.log_metric("m", 1.0, step)
    assert finished(store, active).metrics["m"].step == kept


@pytest.mark.parametrize("step", [None, "x", math.nan, 10**18, -(10**18)])
def test_what_is_no_step_is_refused(active: ActiveRun, step: object) -> None:
    with pytest.raises(InvalidValue):
        active.log_metric("m", 1.0, step)


@pytest.mark.parametrize("timestamp", [-1, "now", 10**18])
def test_what_is_no_time_is_refused(active: ActiveRun, timestamp: object) -> None:
    with pytest.raises(InvalidValue):
        active.log_metric("m", 1.0, 0, timestamp)


def test_points_with_models_and_datasets_come_back(store: Store, active: ActiveRun) -> None:
    points = [
        Point(0, 1, "m", 1.0, "m-1", "iris", "d1"),
        Point(0, 1, "m", 2.0),
        Point(1, 2, "m", math.nan, "m-2"),
    ]
    active.log_points(points)
    finished(store, active)
    found = store.snapshot().points(published(store, active.id)[0])
    assert [tuple(map(str, point)) for point in found] == [tuple(map(str, p)) for p in points]


# ---- parameters and tags -------------------------------------------------------------------------


def test_a_parameter_keeps_its_first_value(store: Store, active: ActiveRun) -> None:
    active.log_params({"lr": 0.1})
    active.log_params({"lr": "0.1"})
    with pytest.raises(InvalidState, match=r"'lr' is '0\.1' already and cannot become '0\.2'"):
        active.log_params({"other": 1, "lr": 0.2})
    assert finished(store, active).params == {"lr": "0.1"}


def test_a_key_twice_in_one_call_is_refused(active: ActiveRun) -> None:
    with pytest.raises(InvalidValue, match="twice"):
        active.log_params([("a", 1), ("a", 1)])


def test_long_values_are_cut_and_the_caller_is_told(store: Store, active: ActiveRun) -> None:
    with pytest.warns(UserWarning, match="6000") as said:
        active.log_params({"p": "x" * 6001})
    assert said[0].filename == __file__, "the warning points into the library"
    with pytest.warns(UserWarning, match="8000"):
        active.set_tags({"t": "x" * 8001})
    run = finished(store, active)
    assert (len(run.params["p"]), len(run.tags["t"])) == (6000, 8000)


def test_tags_can_be_changed_and_taken_away(store: Store, active: ActiveRun) -> None:
    active.set_tags({"a": 1, "b": 2, "mlflow.runName": "renamed"})
    active.set_tags({"a": 3})
    active.delete_tag("b")
    with pytest.raises(NotFound):
        active.delete_tag("b")
    run = finished(store, active)
    assert (run.tags, run.name) == ({"a": "3"}, "renamed")


def test_a_run_keeps_a_name(active: ActiveRun) -> None:
    with pytest.raises(InvalidValue):
        active.rename("")


def test_no_secret_reaches_the_repository(
    store: Store, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, password = "ghp_" + "a1B2" * 9, "correct-horse-battery"
    monkeypatch.setattr("sys.argv", ["train.py", "--password", password, f"--x={token}"])
    (repo / "train.py").write_text(f"token = '{token}'\n")
    active = begin.start(store, "churn", RunRequest(tags={"note": f"uses {token}"}))
    active.log_params({"db_password": password, "url": f"https://ada:{password}@example.org/"})
    active.set_tags({"api_key": token})
    active.checkpoint()
    assert active.finish()
    kept = every_blob(repo)
    journals = b"".join(p.read_bytes() for p in store.data.rglob("*.journal"))
    for secret in (token.encode(), password.encode()):
        assert secret not in kept
        assert secret not in journals
    assert b"not kept: it holds a GitHub token in train.py" in kept


# ---- artifacts -----------------------------------------------------------------------------------


def test_the_last_artifact_of_a_path_counts(store: Store, active: ActiveRun) -> None:
    active.add_bytes(b"old", "a.txt")
    entry = active.add_bytes(b"new", "a.txt")
    assert active.inline_bytes(entry) == b"new"
    finished(store, active)
    folder, _ = published(store, active.id)
    assert store.snapshot().read(f"{folder}/files/a.txt") == b"new"
    assert len(store.snapshot().manifest(folder)) == 1


def test_large_artifacts_are_kept_beside_the_branch(
    store: Store, active: ActiveRun, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(os.urandom(150_000))
    entry = active.add_file(tmp_path / "big", "model/big.bin")
    assert active.inline_bytes(entry) is None
    finished(store, active)
    folder, _ = published(store, active.id)
    assert store.snapshot().manifest(folder) == [entry]
    assert entry.inline == ""
    digest = entry.sha256
    kept = store.data / "objects/sha256" / digest[:2] / digest[2:4] / digest
    assert kept.read_bytes() == (tmp_path / "big").read_bytes()


def test_a_folder_and_a_reference_are_artifacts_too(
    store: Store, active: ActiveRun, tmp_path: Path
) -> None:
    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/deep/a.txt").write_text("a")
    (tmp_path / "out/b.txt").write_text("b")
    active.add_folder(tmp_path / "out", "results")
    active.add_reference(ArtifactEntry("far.bin", 7, "", uri="s3://bucket/far.bin"))
    assert [entry.path for entry in active.artifacts()] == [
        "far.bin",
        "results/b.txt",
        "results/deep/a.txt",
    ]
    finished(store, active)
    folder, _ = published(store, active.id)
    manifest = store.snapshot().manifest(folder)
    assert manifest == active.artifacts()
    assert manifest[0].uri == "s3://bucket/far.bin"


def test_names_that_clash_by_case_get_names_of_their_own(store: Store, active: ActiveRun) -> None:
    active.add_bytes(b"one", "Model.txt")
    active.add_bytes(b"two", "model.txt")
    finished(store, active)
    folder, _ = published(store, active.id)
    manifest = {entry.path: entry.inline for entry in store.snapshot().manifest(folder)}
    assert manifest["Model.txt"].lower() != manifest["model.txt"].lower()
    for path, content in (("Model.txt", b"one"), ("model.txt", b"two")):
        assert store.snapshot().read(f"{folder}/{manifest[path]}") == content


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", "", "a\0b"])
def test_an_artifact_cannot_leave_its_run(active: ActiveRun, path: str) -> None:
    with pytest.raises(InvalidValue):
        active.add_bytes(b"", path)
    assert active.artifacts() == []


# ---- several writers -----------------------------------------------------------------------------


def test_threads_log_to_one_run(store: Store, active: ActiveRun) -> None:
    def work(number: int) -> None:
        for step in range(100):
            active.log_metric(f"m{number}", step, step)
            active.set_tags({f"t{number}": step})
            active.log_params({f"p{number}-{step}": step})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run = finished(store, active)
    assert [run.metrics[f"m{number}"].points for number in range(4)] == [100] * 4
    assert len(run.params) == 400
    assert {run.tags[f"t{number}"] for number in range(4)} == {"99"}


def test_what_a_forked_child_logs_is_part_of_the_run(store: Store, active: ActiveRun) -> None:
    active.log_metric("parent", 1.0, 0)
    active.log_params({"a": 1})

    def child() -> None:
        active.log_metric("child", 2.0, 0)
        active.log_params({"b": 2})
        active.add_bytes(b"c", "child.txt")
        assert active.finish(RunStatus.FAILED) is None

    assert in_child(child) == 0
    active.log_metric("parent", 3.0, 1)
    with pytest.raises(InvalidState):
        active.log_params({"b": 3})
    run = finished(store, active)
    assert run.status is RunStatus.FINISHED
    assert (run.metrics["parent"].last, run.metrics["child"].last) == (3.0, 2.0)
    assert run.params == {"a": "1", "b": "2"}
    folder, _ = published(store, active.id)
    assert store.snapshot().read(f"{folder}/files/child.txt") == b"c"
    assert LiveView(store).runs() == []


def test_a_child_that_only_ends_the_run_changes_nothing(store: Store, active: ActiveRun) -> None:
    count = commits(store)
    assert in_child(lambda: active.finish()) == 0
    assert commits(store) == count
    active.log_metric("m", 1.0)
    assert finished(store, active).status is RunStatus.FINISHED


def test_two_handles_of_one_run_are_published_together(store: Store, active: ActiveRun) -> None:
    active.log_metric("m", 1.0, 0)
    guest = begin.visit(store, active.id)
    guest.log_metric("m", 2.0, 1)
    guest.log_params({"from": "guest"})
    with pytest.raises(InvalidState):
        active.log_params({"from": "owner"})
    count = commits(store)
    assert guest.finish() is None
    assert (commits(store), guest.failure) == (count, None)
    run = finished(store, active)
    folder, _ = published(store, active.id)
    assert [point.value for point in store.snapshot().points(folder)] == [1.0, 2.0]
    assert run.params == {"from": "guest"}


# ---- going on ------------------------------------------------------------------------------------


def test_a_finished_run_goes_on_and_ends_again(store: Store, active: ActiveRun) -> None:
    active.log_params({"lr": 1})
    active.log_metric("m", 1.0, 0)
    first = finished(store, active)
    again = begin.resume(store, active.id)
    assert [run.status for run in LiveView(store).runs()] == [RunStatus.RUNNING]
    with pytest.raises(InvalidState):
        again.log_params({"lr": 2})
    again.log_metric("m", 2.0, 1)
    again.set_tags({"phase": "two"})
    again.finish(RunStatus.FAILED)
    folder, run = published(store, active.id)
    assert run.status is RunStatus.FAILED
    assert (run.start, run.name) == (first.start, first.name)
    assert (run.metrics["m"].last, run.metrics["m"].points) == (2.0, 2)
    assert run.tags["phase"] == "two"
    assert "tags.phase" in run.edits
    names = store.snapshot().names(folder)
    assert len([name for name in names if name.startswith("metrics")]) == 2


def test_a_visit_leaves_the_status_as_it_is(store: Store, active: ActiveRun) -> None:
    before = finished(store, active)
    guest = begin.visit(store, active.id)
    guest.log_metric("late", 1.0)
    guest.finish(None)
    run = published(store, active.id)[1]
    assert (run.status, run.end) == (before.status, before.end)
    assert run.metrics["late"].last == 1.0


def test_a_run_is_found_also_where_it_was_not_thought_to_be(
    store: Store, active: ActiveRun
) -> None:
    finished(store, active)
    other = begin.start(store, "churn")
    other.finish()
    for folder in (active.folder, other.folder, "runs/nowhere"):
        guest = begin.visit(store, active.id, folder=folder)
        assert (guest.id, guest.folder) == (active.id, active.folder)
        guest.finish(None)


def test_a_visit_without_a_word_leaves_nothing(store: Store, active: ActiveRun) -> None:
    finished(store, active)
    count = commits(store)
    assert begin.visit(store, active.id).finish() is None
    assert commits(store) == count
    assert not list((store.data / "live").iterdir())


def test_a_run_that_is_not_there_or_deleted_does_not_go_on(store: Store) -> None:
    from mlgit.runs import edit

    with pytest.raises(NotFound):
        begin.resume(store, "0123456789abcdef")
    active = begin.start(store, "churn")
    active.finish()
    edit.delete(store, edit.folder_of(store, active.id))
    with pytest.raises(InvalidState):
        begin.resume(store, active.id)


def test_a_tag_that_a_person_changed_meanwhile_stays(store: Store, active: ActiveRun) -> None:
    from mlgit.runs import edit

    active.set_tags({"team": "blue"})
    active.checkpoint()
    edit.set_tags(store, active.folder, {"team": "red"})
    active.log_metric("m", 1.0)
    assert finished(store, active).tags["team"] == "red"


# ---- failures ------------------------------------------------------------------------------------


def test_a_run_that_cannot_be_published_warns_and_is_published_later(
    store: Store, repo: Path, tmp_path: Path
) -> None:
    from mlgit.runs.recover import recover
    from tests.support.repos import git

    active = begin.start(store, "churn")
    active.log_metric("m", 1.0)
    git(repo, "worktree", "add", "-q", str(tmp_path / "data"), "mlgit", check=True)
    with pytest.warns(UserWarning, match="a later mlgit command publishes it"):
        assert active.finish() is None
    assert active.failure is not None
    git(repo, "worktree", "remove", "--force", str(tmp_path / "data"), check=True)
    [done] = recover(store)
    assert done.commit == store.snapshot().commit
    assert published(store, active.id)[1].status is RunStatus.FINISHED


def test_strict_raises_what_would_be_a_warning(store: Store, repo: Path, tmp_path: Path) -> None:
    from tests.support.repos import git

    active = begin.start(store, "churn", RunRequest(strict=True))
    git(repo, "worktree", "add", "-q", str(tmp_path / "data"), "mlgit", check=True)
    with pytest.raises(Exception, match="checked out"):
        active.finish()
    git(repo, "worktree", "remove", "--force", str(tmp_path / "data"), check=True)


def test_a_journal_that_cannot_be_written_never_stops_a_run(store: Store) -> None:
    store.make_folders()
    (store.data / "live").write_text("in the way")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        active = begin.start(store, "churn")
        active.log_params({"lr": 1})
        for step in range(100):
            active.log_metric("m", step, step)
        assert active.unsafe_points == 100
        assert active.view().run.metrics["m"].points == 100
        assert active.finish() is not None
    assert len(said) == 1
    folder, run = published(store, active.id)
    assert run.metrics["m"].points == 100
    assert "mlgit.lost_points" not in run.tags
    assert len(store.snapshot().points(folder)) == 100


def test_what_was_given_up_is_told_by_a_tag(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.make_folders()
    (store.data / "live").write_text("in the way")
    with pytest.warns(UserWarning, match="not safe yet"):
        active = begin.start(store, "churn")
    monkeypatch.setattr(active._session.journal.file.backlog, "_max_points", 10)
    for step in range(25):
        active.log_metric("m", step, step)
    active.finish()
    run = published(store, active.id)[1]
    assert (run.tags["mlgit.lost_points"], run.metrics["m"].points) == ("15", 10)


def test_the_environment_can_ask_for_strictness(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_STRICT", "1")
    store.make_folders()
    (store.data / "live").write_text("in the way")
    with pytest.raises(StorageFailed):
        begin.start(store, "churn")
    (store.data / "live").unlink()
    assert LiveView(store).runs() == []
    assert begin.start(store, "churn").finish()
