"""What the doctor finds in a clone, and that it changes nothing."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.store.doctor import doctor
from mlgit.store.doctor.doctor import Finding, diagnose
from mlgit.store.store import Store
from tests.store.records import a_publication, a_run, published
from tests.support.repos import footprint, git, make_repo


def found(store: Store, *, deep: bool = False) -> dict[str, Finding]:
    """Findings by code, without those about the machine the tests run on."""
    everything = diagnose(store, deep=deep)
    return {each.code: each for each in everything if each.code not in ("no-libyaml", "no-git")}


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_store_without_a_remote_only_says_that_nothing_was_pushed(
    store: Store, runs: list[str]
) -> None:
    findings = found(store, deep=True)
    assert list(findings) == ["unpushed"]
    assert findings["unpushed"].severity == "note"
    assert findings["unpushed"].facts["runs"] == len(runs)


def test_runs_that_no_remote_has_are_counted(repo: Path, runs: list[str], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    with Store.open(copy) as clone:
        assert found(clone) == {}
        clone.edit_run(runs[0], lambda run: run.with_tag("a", "b"), "tag: a=b")
        published(clone, a_run("0" * 16))
        finding = found(clone)["unpushed"]
        assert (finding.severity, finding.facts["runs"]) == ("warning", 2)
        assert finding.hint == "mlgit push origin"
        git(copy, "push", "origin", "mlgit", check=True)
        assert found(clone) == {}


def test_a_branch_that_was_never_pushed_is_a_warning_where_there_is_a_remote(
    tmp_path: Path, repo: Path
) -> None:
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    with Store.init(copy).store as store:
        published(store)
        assert found(store)["unpushed"].severity == "warning"
        assert found(store)["unpushed"].hint == "mlgit push origin"


def test_artifacts_kept_here_are_verified(store: Store) -> None:
    cache = ObjectCache(store.data / "objects")
    name, _ = cache.put_bytes(b"weights" * 1000)
    assert "damaged-artifact" not in found(store, deep=True)
    path = cache.path(name)
    path.chmod(0o644)
    path.write_bytes(b"short")
    assert "damaged-artifact" not in found(store)
    assert found(store, deep=True)["damaged-artifact"].facts["path"] == str(path)


def test_artifacts_that_are_in_no_place_are_named(store: Store) -> None:
    data = b"weights"
    entry = ArtifactEntry("model.bin", len(data), sha256(data).hexdigest())
    publication = a_publication()
    files = {**publication.files, "artifacts.yaml": dump_manifest([entry])}
    store.publish(publication._replace(files=files))
    assert "model.bin" in found(store, deep=True)["missing-artifacts"].what
    ObjectCache(store.data / "objects").put_bytes(data)
    assert "missing-artifacts" not in found(store, deep=True)


def test_journals_and_waiting_commits_are_listed(store: Store) -> None:
    for name in ("b", "a"):
        (store.data / "live" / name).mkdir(parents=True)
    assert found(store)["journals"].facts["runs"] == ["a", "b"]
    waiting = store.state / "queue" / "mlgit" / "1-1-x"
    waiting.parent.mkdir(parents=True, exist_ok=True)
    waiting.write_bytes(b"x")
    assert "waiting" not in found(store)
    make_old(waiting, 100)
    assert found(store)["waiting"].facts == {"count": 1}


@pytest.mark.parametrize("name", ["refs/heads/mlgit.lock", "packed-refs.lock", "index.lock"])
def test_a_stale_lock_is_named_and_left_alone(repo: Path, store: Store, name: str) -> None:
    lock = repo / ".git" / name
    lock.write_text("")
    assert "stale-lock" not in found(store)
    make_old(lock, 3600)
    finding = found(store)["stale-lock"]
    assert finding.hint.endswith(f"rm {lock}")
    assert "60 minutes" in finding.what
    lock.unlink()


def test_empty_objects_and_old_temporary_files_are_found(repo: Path, store: Store) -> None:
    objects = repo / ".git" / "objects"
    empty = objects / "ab" / ("0" * 38)
    empty.parent.mkdir(exist_ok=True)
    empty.write_bytes(b"")
    temporary = objects / "ab" / "tmp_obj_x"
    temporary.write_bytes(b"")
    assert found(store)["empty-objects"].facts["paths"] == [str(empty)]
    assert "temporary-files" not in found(store)
    make_old(temporary, 2 * 86_400)
    assert found(store)["temporary-files"].facts["paths"] == [str(temporary)]
    empty.unlink()
    temporary.unlink()


def test_settings_of_git_that_hurt(hostile: Path) -> None:
    store = Store.open(hostile)
    for name, value in [
        ("gc.pruneExpire", "now"),
        ("remote.up.url", "x"),
        ("remote.up.fetch", "+refs/heads/*:refs/heads/*"),
        ("core.sharedRepository", "group"),
    ]:
        git(hostile, "config", name, value, check=True)
    (hostile / ".git" / "shallow").write_text("")
    assert {"prune-now", "mirror", "shared", "shallow"} <= set(found(Store.open(hostile)))
    del store


def test_a_damaged_experiment_broken_settings_and_a_check_out(hostile: Path) -> None:
    store = Store.open(hostile)
    with store.change("spoil") as change:
        change.put("runs/churn/experiment.yaml", b"[")
    for deep in (False, True):
        finding = found(store, deep=deep)["invalid"]
        assert finding.severity == "error"
        assert finding.facts["path"] == "runs/churn/experiment.yaml"
    git(hostile, "worktree", "add", "-q", str(hostile.parent / "w"), "mlgit", check=True)
    assert "git -C" in found(store)["checked-out"].hint
    git(hostile, "worktree", "remove", "--force", str(hostile.parent / "w"), check=True)
    with store.change("spoil") as change:
        change.put("mlgit.yaml", b"[")
    assert found(store)["broken"].severity == "error"
    assert "unpushed" in found(store)


def test_the_records_of_a_large_store_are_read_when_asked(
    hostile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(hostile)
    with store.change("spoil") as change:
        change.put(f"{next(store.snapshot().run_folders())}/run.yaml", b"[")
    assert "invalid" in found(store)
    monkeypatch.setattr(doctor, "_MANY", 2)
    assert found(store)["not-read"].hint == "mlgit doctor --deep"
    assert "invalid" in found(store, deep=True)


def test_many_errors_are_counted_and_not_all_listed(hostile: Path) -> None:
    store = Store.open(hostile)
    with store.change("spoil") as change:
        for number in range(30):
            change.put(f"runs/x{number}/experiment.yaml", f"[{number}".encode())
    listed = [each for each in diagnose(store) if each.code == "invalid"]
    assert len(listed) == 21
    assert listed[-1].what == "10 more errors in the records"


def test_a_newer_format_is_an_error(hostile: Path) -> None:
    store = Store.open(hostile)
    with store.change("newer") as change:
        change.put("mlgit.yaml", b"format: 9\n")
    assert found(store)["newer-format"].hint == "pip install --upgrade mlgit"


def test_the_worst_comes_first(hostile: Path) -> None:
    store = Store.open(hostile)
    with store.change("spoil") as change:
        change.put("runs/churn/experiment.yaml", b"[")
    (store.data / "live" / "a").mkdir(parents=True)
    order = [each.severity for each in diagnose(store)]
    assert order == sorted(order, key=("error", "warning", "note").index)
    assert order[0] == "error"


def test_an_empty_branch_ref_is_told_and_not_followed(hostile: Path) -> None:
    store = Store.open(hostile)
    (hostile / ".git" / "refs" / "heads" / "mlgit").write_bytes(b"")
    assert "git reflog" in found(store)["damaged-ref"].hint


def test_a_bare_repository_and_a_store_of_its_own_are_examined(tmp_path: Path, repo: Path) -> None:
    shared = make_repo(tmp_path / "shared.git", bare=True)
    before = footprint(repo)
    with Store.init(repo, url=str(shared)).store as store:
        published(store)
        assert found(store)["unpushed"].severity == "warning"
        git(store.repository.git_dir, "push", "-q", "origin", "mlgit", check=True)
        assert found(store) == {}
    assert footprint(repo) == before
