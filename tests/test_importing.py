"""Another store, clone, copy or spool taken in: all that is lacking here comes, once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import InvalidValue, MlgitError, NotFound, RemoteFailed, Unsupported
from mlgit.importing import import_runs
from mlgit.records.run import RunStatus
from mlgit.runs import begin, capture, edit
from mlgit.runs.recover import recover
from mlgit.sharing.forget import Wanted, forget
from mlgit.store.store import Store
from tests.runs.helpers import python
from tests.runs.spools import age, finished, journals, runs_of
from tests.store import plant
from tests.support.repos import git, make_repo

BIG = bytes(range(256)) * 1000


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    """The store that things are imported into."""
    capture.forget()
    with Store.init(repo).store as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """A store that was made apart from it."""
    with Store.init(make_repo(tmp_path / "other")).store as opened:
        yield opened


def record(store: Store, experiment: str = "churn", big: bytes = b"") -> str:
    run = begin.start(store, experiment)
    run.log_metric("acc", 0.9, 1)
    if big:
        run.add_bytes(big, "model.bin")
    run.finish()
    return run.id


def place(store: Store) -> str:
    assert store.home.work_tree is not None
    return str(store.home.work_tree)


def refs(store: Store) -> list[str]:
    return store.repository.refs.names("refs/")


def test_another_store_comes_in_with_its_artifacts(store: Store, other: Store) -> None:
    ours, theirs = record(store), record(other, "other", BIG)
    before = refs(store)
    found = import_runs(store, place(other))
    assert (found.runs, found.artifacts, found.unread) == (1, 1, [])
    assert runs_of(store) == {ours, theirs}
    assert ObjectCache(store.data / "objects").verify(sha256(BIG).hexdigest())
    assert refs(store) == before


def test_importing_again_changes_nothing(store: Store, other: Store) -> None:
    record(store)
    record(other, big=BIG)
    import_runs(store, place(other))
    tip = store.branch.tip()
    again = import_runs(store, place(other))
    assert (again.runs, again.artifacts, again.journals.landed, again.unread) == (0, 0, [], [])
    assert store.branch.tip() == tip


def test_the_source_is_not_changed(store: Store, other: Store) -> None:
    record(store)
    record(other, big=BIG)
    git_dir = other.home.git_dir
    before = {path: path.stat().st_mtime_ns for path in git_dir.rglob("*")}
    import_runs(store, place(other))
    assert {path: path.stat().st_mtime_ns for path in git_dir.rglob("*")} == before


def test_a_run_that_both_have_keeps_both_edits(store: Store, tmp_path: Path) -> None:
    run_id = record(store)
    shutil.copytree(place(store), tmp_path / "copy")
    [folder] = store.snapshot().find_run(run_id)
    with Store.open(tmp_path / "copy") as copy:
        edit.set_note(copy, folder, "from the copy")
        edit.set_tags(store, folder, {"team": "blue"})
        import_runs(store, place(copy))
    run = store.snapshot().run(folder)
    assert (run.note, run.tags["team"]) == ("from the copy", "blue")


@pytest.mark.parametrize("forgetful", ["ours", "theirs", "both"])
def test_a_store_that_has_forgotten_something_changes_no_history_of_another(
    store: Store, other: Store, forgetful: str
) -> None:
    made = {record(store), record(other, "other")}
    for name, one in (("ours", store), ("theirs", other)):
        if forgetful in (name, "both"):
            forget(one, Wanted(reason="a test"))
    before = store.branch.tip()
    assert before is not None
    import_runs(store, place(other))
    assert runs_of(store) == made
    git(Path(place(store)), "merge-base", "--is-ancestor", before.decode(), "mlgit", check=True)
    tip = store.branch.tip()
    import_runs(store, place(other))
    assert store.branch.tip() == tip
    more = record(other)
    import_runs(store, place(other))
    assert runs_of(store) == {*made, more}
    assert not store.repository.refs.names("refs/mlgit/import/")


ABANDONED = """
import os, mlgit
run = mlgit.start_run()
mlgit.log_metric("loss", 0.5, step=0)
mlgit.log_metric("loss", 0.25, step=1)
print(run.info.run_id, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_copy_made_while_a_job_ran_gives_what_the_job_had_logged(
    store: Store, other: Store, tmp_path: Path
) -> None:
    kept = record(other)
    said, _ = python(ABANDONED, cwd=Path(place(other))).communicate()
    run_id = said.strip()
    copy = tmp_path / "backup" / ".git"
    shutil.copytree(other.home.git_dir, copy)
    [journal] = journals(copy / "mlgit" / "data" / "live")
    journal.write_bytes(journal.read_bytes()[:-7])
    age(journal)
    found = import_runs(store, str(copy.parent))
    assert (found.runs, found.journals.lost) == (1, [run_id])
    found = import_runs(store, str(copy.parent), recover=True)
    assert found.journals.landed == [run_id]
    assert runs_of(store) == {kept, run_id}
    [folder] = store.snapshot().find_run(run_id)
    run = store.snapshot().run(folder)
    assert run.status is RunStatus.FAILED
    assert run.metrics["loss"].last == 0.5
    assert run.tags["mlgit.damaged_journal"]
    assert journal.exists()


def test_a_run_of_which_the_copy_has_only_the_published_journal_comes_in(
    store: Store, other: Store, tmp_path: Path
) -> None:
    before = other.branch.tip()
    assert before is not None
    run_id = record(other)
    copy = tmp_path / "backup"
    shutil.copytree(other.home.git_dir, copy)
    git(copy, "update-ref", "refs/heads/mlgit", before.decode(), check=True)
    found = import_runs(store, str(copy))
    assert (found.runs, found.journals.landed) == (0, [run_id])
    assert import_runs(store, str(copy)).journals.landed == []
    assert runs_of(store) == {run_id}


def test_a_running_job_of_another_clone_is_left_to_it(store: Store, other: Store) -> None:
    run = begin.start(other, "churn")
    found = import_runs(store, place(other), recover=True)
    assert (found.journals.writing, found.journals.landed) == (1, [])
    run.finish()
    assert import_runs(store, place(other)).runs == 1


def test_a_copy_with_a_hole_still_gives_its_journals(
    store: Store, other: Store, tmp_path: Path
) -> None:
    record(other)
    said, _ = python(ABANDONED, cwd=Path(place(other))).communicate()
    age(journals(other.data / "live")[0])
    copy = tmp_path / "backup"
    shutil.copytree(other.home.git_dir, copy)
    for pack in (copy / "objects").rglob("*.pack"):
        pack.chmod(0o600)
        pack.unlink()
    found = import_runs(store, str(copy), recover=True)
    assert found.unread
    assert said.strip() in found.journals.landed


def test_a_spool_is_taken_in_and_left_as_it_is(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLGIT_SPOOL", str(tmp_path / "spool"))
    made = finished(tmp_path, big=BIG)
    monkeypatch.delenv("MLGIT_SPOOL")
    assert import_runs(store, str(tmp_path / "spool")).journals.landed == [made]
    assert import_runs(store, str(tmp_path / "spool")).journals.known == 1
    assert len(journals(tmp_path / "spool")) == 1


def test_what_waits_in_a_clone_that_could_lock_no_files_comes_in(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = record(other)
    monkeypatch.setenv("MLGIT_SPOOL", str(other.data / "spool"))
    waiting = finished(Path(place(other)), big=BIG)
    monkeypatch.delenv("MLGIT_SPOOL")
    found = import_runs(store, place(other))
    assert (found.runs, found.journals.landed) == (1, [waiting])
    assert runs_of(store) == {made, waiting}


def test_a_damaged_artifact_of_the_source_is_named(store: Store, other: Store) -> None:
    record(other, big=BIG)
    record(other, big=BIG[1:])
    [first, _] = (other.data / "objects").glob("sha256/*/*/*")
    first.chmod(0o600)
    first.write_bytes(b"rotten")
    found = import_runs(store, place(other))
    assert (found.runs, found.artifacts) == (2, 1)
    assert len(found.unread) == 1


def test_a_url_brings_the_branch(store: Store, other: Store) -> None:
    record(other)
    found = import_runs(store, f"file://{other.home.git_dir}")
    assert found.runs == 1
    assert not store.repository.refs.names("refs/mlgit/")
    assert store.repository.refs.names("refs/remotes/") == []


@pytest.mark.parametrize("source", ["ext::sh -c date", "https://ada:secret@example.org/x", "-x"])
def test_addresses_that_run_something_are_refused(store: Store, source: str) -> None:
    with pytest.raises(InvalidValue):
        import_runs(store, source)


def test_what_is_no_source_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="this store itself"):
        import_runs(store, place(store))
    with pytest.raises(NotFound, match="neither a store nor a spool"):
        import_runs(store, str(tmp_path))
    with pytest.raises(RemoteFailed):
        import_runs(store, f"file://{tmp_path}/nothing")


def test_a_repository_without_a_store_says_so(store: Store, tmp_path: Path) -> None:
    make_repo(tmp_path / "code")
    [problem] = import_runs(store, str(tmp_path / "code")).unread
    assert isinstance(problem, MlgitError)
    assert "no branch 'mlgit'" in problem.message


HOOKS = ("post-checkout", "reference-transaction", "pre-receive", "update", "post-update")


def test_nothing_of_a_hostile_source_is_run(store: Store, other: Store, tmp_path: Path) -> None:
    run_id = record(other)
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    git_dir = other.home.git_dir
    (git_dir / "hooks").mkdir(exist_ok=True)
    for hook in HOOKS:
        shutil.copy(script, git_dir / "hooks" / hook)
    keys = ("core.fsmonitor", "core.sshCommand", "uploadpack.packObjectsHook", "core.pager")
    for key in (*keys, "core.alternateRefsCommand", "remote.origin.uploadpack"):
        git(Path(place(other)), "config", key, str(script), check=True)
    git(Path(place(other)), "config", "remote.origin.url", f"ext::{script}", check=True)
    assert import_runs(store, place(other)).runs == 1
    assert runs_of(store) == {run_id}
    assert not trap.exists()


def test_what_no_store_may_hold_is_left_out(store: Store, other: Store) -> None:
    run_id = record(other)
    source = Path(place(other))
    entries = plant.contents(source)
    plant.put(entries, "runs/link", ("120000", plant.blob(source, b"/etc/passwd")))
    plant.commit(source, plant.tree(source, entries))
    found = import_runs(store, place(other))
    assert [held.path for held in found.held] == ["runs/link"]
    assert runs_of(store) == {run_id}
    assert "link" not in store.snapshot().names("runs")


def test_a_source_of_another_user_is_refused(store: Store, other: Store) -> None:
    record(other)
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (Path(place(other)), other.home.git_dir):
        os.chown(path, 4242, 4242)
    with pytest.raises(Unsupported, match="belongs to another user"):
        import_runs(store, place(other))


def test_a_store_that_only_its_remote_has_begins_where_that_is(
    store: Store, other: Store, tmp_path: Path
) -> None:
    made = {record(store), record(other)}
    git(tmp_path, "clone", "-q", place(store), str(tmp_path / "clone"), check=True)
    with Store.open(tmp_path / "clone") as fresh:
        import_runs(fresh, place(other))
        assert runs_of(fresh) == made


def test_recovery_of_the_source_goes_on_as_if_nothing_had_been_taken(
    store: Store, other: Store
) -> None:
    said, _ = python(ABANDONED, cwd=Path(place(other))).communicate()
    run_id = said.strip()
    age(journals(other.data / "live")[0])
    import_runs(store, place(other), recover=True)
    assert [one.run_id for one in recover(other)] == [run_id]
    assert import_runs(store, place(other)).open == []
    assert runs_of(store) == {run_id}
