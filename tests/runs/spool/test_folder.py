"""Recording into a spool: nothing of the store is written, and no lock or repository is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlgit
from mlgit.api import context
from mlgit.errors import NotARepository, StorageFailed, Unsupported
from mlgit.records.run import RunStatus
from mlgit.runs import begin, capture
from mlgit.runs.journal_read import read_journal
from mlgit.runs.spool.folder import open_to_record
from mlgit.store.store import Store
from tests.runs.helpers import commits, python
from tests.runs.spools import finished, job, journals
from tests.support.sweep import require_strace


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The spool that this process records into; it does not exist yet."""
    capture.forget()
    path = tmp_path / "shared" / "spool"
    monkeypatch.setenv("MLGIT_SPOOL", str(path))
    yield path
    context.forget()


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_job_without_a_repository_writes_a_journal_of_its_own(
    tmp_path: Path, spool: Path
) -> None:
    run_id = finished(tmp_path, big=bytes(200_000))
    [path] = journals(spool)
    assert path.parent == spool / "live" / run_id
    header = read_journal(path).header
    assert header is not None
    assert header.experiment_folder == "churn"
    [artifact] = path.with_suffix(".objects").glob("sha256/*/*/*")
    assert artifact.stat().st_size == 200_000


def test_the_repository_of_a_job_is_read_and_never_written(store: Store, spool: Path) -> None:
    assert store.home.work_tree is not None
    (store.home.work_tree / "train.py").write_text("print('changed')\n")
    store.make_folders()
    before = files(store.home.git_dir)
    run_id = finished(store.home.work_tree)
    context.forget()
    mlgit.search_runs(search_all_experiments=True, output_format="list")
    assert files(store.home.git_dir) == before
    content = read_journal(journals(spool)[0])
    assert content.files[capture.PATCH]
    assert content.header is not None
    assert content.header.folder.endswith(run_id)


def test_the_settings_of_the_repository_hold_for_what_is_spooled(store: Store, spool: Path) -> None:
    with store.change("settings") as change:
        change.put("mlgit.yaml", b"format: 1\ncapture:\n  environment: false\n  patch: false\n")
    assert store.home.work_tree is not None
    finished(store.home.work_tree)
    assert not read_journal(journals(spool)[0]).files.keys() & {"environment.txt", "code.patch"}


def test_what_a_job_writes_is_its_own(tmp_path: Path, spool: Path) -> None:
    finished(tmp_path, big=bytes(200_000))
    kept = [path for path in spool.rglob("*") if path.is_dir()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [spool, *kept])
    assert all(path.stat().st_mode & 0o077 == 0 for path in journals(spool))


def test_the_folder_of_runs_is_as_open_as_the_spool(tmp_path: Path, spool: Path) -> None:
    spool.mkdir(parents=True)
    spool.chmod(0o1777)
    finished(tmp_path)
    assert (spool / "live").stat().st_mode & 0o7777 == 0o1777


def test_two_jobs_share_nothing(tmp_path: Path, spool: Path) -> None:
    first, second = job(tmp_path), job(tmp_path)
    second.finish()
    first.finish()
    assert first.id != second.id
    assert len({path.parent for path in journals(spool)}) == 2


def test_the_fluent_calls_work_without_a_repository(
    tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mlgit.set_experiment("brand new")
    with mlgit.start_run() as run:
        mlgit.log_metric("loss", 0.5, step=1)
        mlgit.log_text("hello", "a/b.txt")
        assert run.data.metrics == {"loss": 0.5}
        copied = mlgit.MlgitClient().download_artifacts(run.info.run_id, "a/b.txt")
        assert Path(copied).read_text() == "hello"
    assert mlgit.get_experiment_by_name("brand new") is not None
    mlgit.set_tag("later", "yes")
    mlgit.end_run()
    assert len(journals(spool)) == 2


def test_a_spooled_run_can_be_gone_on_with(tmp_path: Path, spool: Path) -> None:
    run_id = finished(tmp_path)
    store = open_to_record(tmp_path)
    again = begin.resume(store, run_id)
    again.log_metric("acc", 0.7, 2)
    assert again.view().run.metrics["acc"].last == 0.7
    again.finish()
    assert len(journals(spool)) == 2


def test_the_store_cannot_be_changed_from_a_spooling_process(store: Store, spool: Path) -> None:
    recording = open_to_record(store.home.work_tree)
    before = commits(store)
    with pytest.raises(Unsupported, match="spool"), recording.change("anything"):
        pass
    with pytest.raises(Unsupported, match="spool"):
        recording.apply(lambda change: change.put("mlgit.yaml", b""), "anything")
    assert commits(store) == before
    assert not spool.joinpath("no-repository").exists()


def test_reading_shows_the_store_as_it_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = begin.start(store, "churn")
    published.finish()
    monkeypatch.setenv("MLGIT_SPOOL", str(tmp_path / "spool"))
    assert store.home.work_tree is not None
    finished(store.home.work_tree)
    context.forget()
    found = mlgit.search_runs(search_all_experiments=True, output_format="list")
    assert [run.info.run_id for run in found] == [published.id]
    context.forget()


def test_a_repository_that_was_named_must_be_there(
    tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotARepository):
        job(tmp_path / "nowhere")
    monkeypatch.setenv("MLGIT_REPO", str(tmp_path))
    with pytest.raises(NotARepository):
        job(tmp_path)
    assert journals(spool) == []


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path, spool: Path) -> None:
    spool.parent.mkdir(parents=True)
    spool.write_text("a file")
    with pytest.raises(StorageFailed, match="cannot use the spool"):
        job(tmp_path)


LOCKLESS = """
import warnings, mlgit
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    with mlgit.start_run():
        mlgit.log_metric("acc", 0.5)
    with mlgit.start_run():
        pass
print(len(said), said[0].message)
"""


def test_without_locks_on_the_file_system_runs_go_to_a_spool_beside_the_store(
    store: Store,
) -> None:
    require_strace()
    before, place = commits(store), store.home.work_tree
    assert place is not None
    inject = ["strace", "-f", "-o", os.devnull, "-e", "inject=flock:error=ENOLCK"]
    done = subprocess.run(
        [*inject, sys.executable, "-c", LOCKLESS],
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("1 no file can be locked in")
    assert len(journals(store.data / "spool")) == 2
    assert commits(store) == before


FORK = """
import os, mlgit
with mlgit.start_run() as run:
    mlgit.log_metric("loss", 1.0, step=0)
    child = os.fork()
    mlgit.log_artifact("big.bin", "child" if child == 0 else "parent")
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
print(run.info.run_id)
"""


def test_a_forked_child_keeps_its_artifacts_beside_its_own_journal(
    tmp_path: Path, spool: Path
) -> None:
    (tmp_path / "big.bin").write_bytes(bytes(200_000))
    said, errors = python(FORK, cwd=tmp_path).communicate()
    assert len(said.split()) == 1, errors
    paths = journals(spool)
    assert len(paths) == 2
    assert all(path.with_suffix(".objects").is_dir() for path in paths)


def test_a_run_says_how_it_ended(tmp_path: Path, spool: Path) -> None:
    run = job(tmp_path)
    run.finish(RunStatus.FAILED)
    events = read_journal(journals(spool)[0]).events
    assert [event.fields["do"] for event in events][-2:] == ["status", "close"]
