"""What was spooled reaches the branch in one commit, once, and leaves the spool only then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.records.run import RunStatus
from mlgit.runs import begin, edit, experiments
from mlgit.runs.heal import heal
from mlgit.runs.journal_records import pack_event, pack_header
from mlgit.runs.purge import purge
from mlgit.runs.spool import land
from mlgit.runs.spool.land import Flushed, flush
from mlgit.sharing.pull import take_in
from mlgit.store.store import Store
from tests.runs.helpers import commits, header, published
from tests.runs.spools import age, copied, finished, job, journals, killed, runs_of
from tests.support.repos import git, make_repo

BIG = bytes(range(256)) * 1000


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spool of jobs that have no repository."""
    path = tmp_path / "spool"
    monkeypatch.setenv("MLGIT_SPOOL", str(path))
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder outside of any repository."""
    path = tmp_path / "node"
    path.mkdir()
    return path


def other_store(path: Path) -> Store:
    make_repo(path)
    return Store.init(path).store


def clean(found: Flushed) -> bool:
    return not (found.problems or found.lost or found.writing)


def test_many_runs_become_one_commit_and_leave_the_spool(
    store: Store, spool: Path, nowhere: Path
) -> None:
    made = {finished(nowhere) for _ in range(12)}
    before = commits(store)
    found = flush(store, spool)
    assert set(found.landed) == runs_of(store) == made
    assert clean(found)
    assert commits(store) == before + 1
    assert not list((spool / "live").iterdir())
    folder, run = published(store, found.landed[0])
    assert (run.status, run.params, run.metrics["acc"].last) == (
        RunStatus.FINISHED,
        {"lr": "0.1"},
        0.5,
    )
    assert store.snapshot().read(f"{folder}/files/notes.txt") == b"small"


def test_flushing_again_changes_nothing(store: Store, spool: Path, nowhere: Path) -> None:
    finished(nowhere, big=BIG)
    again = copied(spool, "again")
    flush(store, spool)
    tip = store.branch.tip()
    assert flush(store, spool).landed == []
    found = flush(store, again)
    assert (found.landed, found.known, found.commits) == ([], 1, [])
    assert store.branch.tip() == tip
    assert not list((again / "live").iterdir())


def test_two_clones_that_flush_one_spool_make_the_same_runs(
    store: Store, spool: Path, nowhere: Path, tmp_path: Path
) -> None:
    made = {finished(nowhere, big=BIG), killed(nowhere), finished(nowhere, "other")}
    other = other_store(tmp_path / "other")
    flush(store, copied(spool, "twin"), recover=True)
    flush(other, spool, recover=True)
    git(tmp_path, "-C", str(store.home.git_dir), "fetch", "-q", str(other.home.git_dir), "mlgit")
    tip = other.branch.tip()
    assert tip is not None
    assert runs_of(store) == made
    folders = list(store.snapshot().run_folders())
    assert folders == list(other.snapshot().run_folders())
    for folder in folders:
        names = store.snapshot().names(folder)
        assert names == other.snapshot().names(folder)
        for path in (f"{folder}/{name}" for name in names):
            assert store.snapshot().read(path) == other.snapshot().read(path)
    store.repository.objects.refresh()
    assert take_in(store, tip, "other").open == ()
    assert runs_of(store) == made


def test_artifacts_are_copied_and_verified(store: Store, spool: Path, nowhere: Path) -> None:
    finished(nowhere, big=BIG)
    flush(store, spool)
    assert ObjectCache(store.data / "objects").verify(sha256(BIG).hexdigest())


def test_a_damaged_artifact_keeps_its_run_in_the_spool_and_no_other(
    store: Store, spool: Path, nowhere: Path
) -> None:
    bad = finished(nowhere, big=BIG)
    [stored] = (spool / "live" / bad).glob("*.objects/sha256/*/*/*")
    stored.chmod(0o600)
    stored.write_bytes(b"rotten")
    good = finished(nowhere, big=BIG[1:])
    found = flush(store, spool)
    assert found.landed == [good]
    [(named, problem)] = found.problems
    assert named == bad
    assert "model.bin" in problem.message
    assert [path.name for path in (spool / "live").iterdir()] == [bad]
    assert flush(store, spool, recover=True).landed == [bad]
    assert runs_of(store) == {bad, good}


def test_a_run_under_way_is_left(store: Store, spool: Path, nowhere: Path) -> None:
    run = job(nowhere)
    found = flush(store, spool, recover=True)
    assert (found.writing, found.landed) == (1, [])
    run.log_metric("acc", 0.9, 2)
    run.finish()
    assert flush(store, spool).landed == [run.id]
    assert published(store, run.id)[1].metrics["acc"].last == 0.9


def test_a_killed_job_is_published_as_failed_only_when_asked_for(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run_id = killed(nowhere)
    assert flush(store, spool).lost == [run_id]
    assert runs_of(store) == set()
    assert flush(store, spool, recover=True).landed == [run_id]
    run = published(store, run_id)[1]
    assert run.status is RunStatus.FAILED
    assert run.end is not None


def test_a_run_of_several_writers_waits_for_all_of_them(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run = job(nowhere)
    second = begin.visit(run._session.store, run.id)
    second.log_metric("gpu", 1.0, 1)
    run.finish()
    assert flush(store, spool).writing == 1
    second.finish(None)
    assert flush(store, spool).landed == [run.id]
    assert set(published(store, run.id)[1].metrics) == {"acc", "gpu"}


def test_what_is_logged_to_a_flushed_run_is_added_to_it(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run = job(nowhere)
    run.finish()
    again = begin.resume(run._session.store, run.id)
    flush(store, spool)
    again.log_metric("acc", 0.9, 2)
    again.finish()
    assert flush(store, spool).landed == [run.id]
    summary = published(store, run.id)[1].metrics["acc"]
    assert (summary.last, summary.points) == (0.9, 2)


OUTSIDE = {"path": "../../x", "size": 1, "sha256": "0" * 64, "inline": "", "uri": "file:///x"}
DAMAGES: dict[str, Callable[[Path], object]] = {
    "header": lambda path: path.write_bytes(b"\nMJ1" + path.read_bytes()[400:]),
    "nonsense": lambda path: path.write_bytes(b"not a journal"),
    "middle": lambda path: path.write_bytes(path.read_bytes().replace(b'"values"', b'"valueX"', 1)),
    "hostile folder": lambda path: path.write_bytes(
        pack_header(header()._replace(folder="../../etc", run="id: x")) + path.read_bytes()
    ),
    "path that leads elsewhere": lambda path: path.write_bytes(
        path.read_bytes()
        + pack_event({"do": "artifacts", "entries": [OUTSIDE]})
        + pack_event({"do": "close", "at": 1})
    ),
    "unknown event": lambda path: path.write_bytes(
        path.read_bytes()[:-50]
        + pack_event({"do": "params", "values": 7})
        + pack_event({"do": "close", "at": 1})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_named_and_left(
    store: Store, spool: Path, nowhere: Path, damage: str
) -> None:
    bad, good = finished(nowhere), finished(nowhere)
    [path] = (spool / "live" / bad).glob("*.journal")
    DAMAGES[damage](path)
    age(path)
    found = flush(store, spool)
    assert found.landed == [good]
    assert found.lost == [bad] or [run_id for run_id, _ in found.problems] == [bad]
    found = flush(store, spool, recover=True)
    assert runs_of(store) in ({good}, {good, bad})
    assert bool(list((spool / "live").iterdir())) == (runs_of(store) == {good})


def test_what_can_be_read_of_a_damaged_journal_is_recovered(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run_id = finished(nowhere)
    DAMAGES["middle"](journals(spool)[0])
    assert "damaged" in flush(store, spool).problems[0][1].message
    assert flush(store, spool, recover=True).landed == [run_id]
    run = published(store, run_id)[1]
    assert run.tags["mlgit.damaged_journal"]
    assert run.metrics["acc"].last == 0.5


def test_an_experiment_is_the_one_of_that_name_here(
    store: Store, spool: Path, nowhere: Path
) -> None:
    first = experiments.create(store, "churn")
    experiments.rename(store, first.id, "churn of last year")
    second = experiments.create(store, "churn")
    run_id = finished(nowhere, "churn")
    flush(store, spool)
    folder, run = published(store, run_id)
    assert run.experiment_id == second.id != first.id
    assert folder.startswith(f"runs/{second.folder}/")


def test_an_edit_made_here_is_not_undone_by_a_second_flush(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run_id = finished(nowhere)
    again = copied(spool, "again")
    flush(store, spool)
    folder = published(store, run_id)[0]
    edit.set_tags(store, folder, {"team": "blue"})
    edit.set_note(store, folder, "look")
    assert flush(store, again).known == 1
    run = published(store, run_id)[1]
    assert (run.tags["team"], run.note) == ("blue", "look")


def test_a_purged_run_does_not_come_back(store: Store, spool: Path, nowhere: Path) -> None:
    run_id = finished(nowhere)
    again = copied(spool, "again")
    flush(store, spool)
    folder = published(store, run_id)[0]
    edit.delete(store, folder)
    purge(store, folder)
    assert flush(store, again).landed == []
    assert not list((again / "live").iterdir())


def test_one_run_that_cannot_stand_on_the_branch_holds_up_no_other(
    store: Store, spool: Path, nowhere: Path
) -> None:
    huge = begin.start(job(nowhere)._session.store, "churn")
    for number in range(3000):
        huge.log_params({f"p{number}": "x" * 6000})
    huge.finish()
    good = finished(nowhere)
    found = flush(store, spool)
    assert good in found.landed
    assert huge.id in {run_id for run_id, _ in found.problems}
    assert (spool / "live" / huge.id).is_dir()


def test_a_flush_of_more_than_fits_into_memory_makes_several_commits(
    store: Store, spool: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {finished(nowhere) for _ in range(5)}
    monkeypatch.setattr(land, "_MOST", 2)
    found = flush(store, spool)
    assert (len(found.commits), set(found.landed)) == (3, made)


def test_the_journal_is_kept_for_an_hour_and_brings_a_lost_run_back(
    store: Store, spool: Path, nowhere: Path
) -> None:
    before = store.branch.tip()
    run_id = finished(nowhere)
    flush(store, spool)
    assert before is not None
    git(store.home.git_dir, "update-ref", "refs/heads/mlgit", before.decode(), check=True)
    assert runs_of(store) == set()
    assert [one.run_id for one in heal(store, every=True)] == [run_id]
    assert runs_of(store) == {run_id}


def test_what_a_killed_flush_left_is_removed_when_it_is_old(
    store: Store, spool: Path, nowhere: Path
) -> None:
    run_id = finished(nowhere, big=BIG)
    folder = spool / "live" / run_id
    [path] = folder.glob("*.journal")
    path.unlink()
    flush(store, spool)
    assert folder.is_dir()
    age(folder)
    flush(store, spool)
    assert not folder.exists()


def test_a_blank_journal_is_no_run(store: Store, spool: Path, nowhere: Path) -> None:
    run_id = finished(nowhere)
    [path] = (spool / "live" / run_id).glob("*.journal")
    path.write_bytes(bytes(4096))
    age(path)
    assert flush(store, spool).lost == [run_id]
    found = flush(store, spool, recover=True)
    assert (found.known, found.landed, found.problems) == (0, [], [])
    assert not (spool / "live" / run_id).exists()


def test_a_link_in_a_spool_is_not_followed(store: Store, spool: Path, nowhere: Path) -> None:
    run_id = finished(nowhere)
    elsewhere = spool.with_name("elsewhere")
    (spool / "live" / run_id).rename(elsewhere)
    (spool / "live" / run_id).symlink_to(elsewhere)
    found = flush(store, spool)
    assert (found.landed, [named for named, _ in found.problems]) == ([], [run_id])
    assert journals(elsewhere)


def test_a_pipe_in_a_spool_does_not_make_anybody_wait(
    store: Store, spool: Path, nowhere: Path
) -> None:
    good = finished(nowhere)
    folder = spool / "live" / "0123456789abcdef"
    folder.mkdir()
    os.mkfifo(folder / "0a0b0c0d.journal")
    shutil.copytree(spool / "live" / good, spool / "live" / "copy")
    found = flush(store, spool)
    assert found.landed == [good]
    assert {run_id for run_id, _ in found.problems} == {"0123456789abcdef", "copy"}
