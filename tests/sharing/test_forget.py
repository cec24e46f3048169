"""Something is forgotten, and every clone follows: nothing else is lost, nothing comes back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path

import pytest

from mlgit.errors import InvalidState, InvalidValue, NotFound, RemoteFailed, Unsupported
from mlgit.git.transport import Pushed, Update
from mlgit.records.epoch import dump_epoch
from mlgit.records.run import load_purged
from mlgit.runs import begin, edit
from mlgit.sharing.forget import Wanted, forget, plan
from mlgit.sharing.holders import holders
from mlgit.sharing.push import pull, push, sync
from mlgit.sharing.remotes import transport_of
from mlgit.store.check import check
from mlgit.store.lineage import epoch_at
from mlgit.store.store import Store
from tests.support.repos import git

Clone = Callable[[str], Store]
SECRET = "hunter2-9f3c1e7a5b"


def record(store: Store, value: float = 0.9, **params: str) -> str:
    run = begin.start(store, "churn")
    run.log_metric("acc", value)
    if params:
        run.log_params(params)
    run.finish()
    return run.id


def folder_of(store: Store, run_id: str) -> str:
    [folder] = store.snapshot().find_run(run_id)
    return folder


def ids(store: Store) -> set[str]:
    """The runs of a store that were not forgotten."""
    snapshot = store.snapshot()
    folders = list(snapshot.run_folders())
    stubs = {f for f in folders if load_purged(snapshot.read(f"{f}/run.yaml") or b"") is not None}
    return {snapshot.run(folder).id for folder in folders if folder not in stubs}


def share(*stores: Store) -> None:
    for store in stores:
        sync(store, transport_of(store))


def top(store: Store) -> Path:
    assert store.home.work_tree is not None
    return store.home.work_tree


def is_anywhere(place: Path, secret: str = SECRET) -> bool:
    """Whether any object holds it after git has cleaned up, or any file beside them."""
    git(place, "gc", "-q", "--prune=now", check=True)
    wanted = secret.encode()
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    done = subprocess.run(objects, cwd=place, capture_output=True, check=True)
    common = place / ".git" if (place / ".git").is_dir() else place
    files = [file for file in (common / "mlgit").rglob("*") if file.is_file()]
    return wanted in done.stdout or any(wanted in file.read_bytes() for file in files)


def assert_one_and_clean(remote: Path, *stores: Store) -> None:
    share(*stores, *stores)
    assert len({store.branch.tip() for store in stores}) == 1
    for store in stores:
        assert check(store.snapshot(), deep=True) == []
        assert not is_anywhere(top(store))
    assert not is_anywhere(remote)


def test_a_run_is_forgotten_in_every_clone(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours, key=SECRET)
    share(ours)
    theirs, third = clone("theirs"), clone("third")
    share(theirs, third)
    done = forget(ours, Wanted((folder_of(ours, gone),), reason="a password"))
    assert (done.epoch, ids(ours)) == (2, {kept})
    new = {record(ours), record(theirs), record(third)}
    share(ours, theirs, third)
    assert_one_and_clean(remote, ours, theirs, third)
    for store in (ours, theirs, third):
        assert ids(store) == {kept, *new}
        epoch = epoch_at(store.repository.objects, store.branch.tip())
        assert epoch is not None
        assert (epoch.number, epoch.reason) == (2, "a password")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_whoever_comes_first_what_each_recorded_apart_is_kept(
    clone: Clone, remote: Path, order: Sequence[int]
) -> None:
    first = clone("first")
    gone = record(first, key=SECRET)
    share(first)
    stores = [first, clone("second"), clone("third")]
    share(*stores)
    made = {record(store) for store in stores}
    forget(first, Wanted((folder_of(first, gone),)))
    share(*(stores[number] for number in order))
    assert_one_and_clean(remote, *stores)
    assert ids(first) == made


def test_an_edit_of_what_was_forgotten_does_not_bring_it_back(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    whole, part = record(ours, key=SECRET), record(ours, key=SECRET, lr="0.1")
    share(ours)
    theirs = clone("theirs")
    edit.set_tags(theirs, folder_of(theirs, whole), {"team": SECRET})
    edit.set_tags(theirs, folder_of(theirs, part), {"team": "blue"})
    forget(ours, Wanted((folder_of(ours, whole),)))
    forget(ours, Wanted((folder_of(ours, part),), params=("key",)))
    share(ours, theirs, ours)
    assert_one_and_clean(remote, ours, theirs)
    run = theirs.snapshot().run(folder_of(theirs, part))
    assert (run.params, run.tags["team"]) == ({"lr": "0.1"}, "blue")


def test_parts_of_a_run_go_and_the_rest_stays(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.add_bytes(SECRET.encode(), "small.txt")
    run.add_bytes(os.urandom(200_000) + SECRET.encode(), "large.bin")
    run.log_params({"lr": "0.1"})
    run.set_tags({"pass": SECRET, "team": "blue"})
    run.finish()
    share(ours)
    folder = folder_of(ours, run.id)
    forget(ours, Wanted((folder,), artifacts=("small.txt", "large.bin"), tags=("pass",)))
    left = ours.snapshot().run(folder)
    assert (dict(left.params), dict(left.tags)) == ({"lr": "0.1"}, {"team": "blue"})
    assert ours.snapshot().manifest(folder) == []
    assert_one_and_clean(remote, ours)


def test_bytes_that_another_run_names_stay(clone: Clone) -> None:
    ours, large = clone("ours"), os.urandom(200_000)
    runs = [begin.start(ours, "churn") for _ in range(2)]
    for run in runs:
        run.add_bytes(large, "large.bin")
        run.finish()
    kept = list((ours.data / "objects" / "sha256").rglob("*/*/*"))
    assert len(kept) == 1
    forget(ours, Wanted((folder_of(ours, runs[0].id),)))
    assert kept[0].exists()
    forget(ours, Wanted((folder_of(ours, runs[1].id),)))
    assert not kept[0].exists()


def test_a_text_goes_out_of_every_record(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    secret = f'{SECRET}: "quoted"'
    run_id = record(ours, key=secret, lr="0.1")
    folder = folder_of(ours, run_id)
    edit.set_note(ours, folder, f"log in with {secret}\nor not")
    share(ours)
    theirs = clone("theirs")
    edit.set_note(theirs, folder, f"still {secret}")
    edit.set_tags(theirs, folder, {"team": "blue"})
    found = plan(ours, Wanted(text=secret))
    assert found.forgotten == {f"{folder}/run.yaml: note", f"{folder}/run.yaml: params.key"}
    forget(ours, Wanted(text=secret))
    run = ours.snapshot().run(folder)
    assert run.params == {"key": "[forgotten]", "lr": "0.1"}
    assert run.note == "log in with [forgotten]\nor not"
    share(ours, theirs, ours)
    assert theirs.snapshot().run(folder).tags["team"] == "blue"
    assert_one_and_clean(remote, ours, theirs)


def test_files_that_hold_the_text_and_stay_are_named(clone: Clone) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.add_bytes(SECRET.encode(), "note.txt")
    run.finish()
    assert plan(ours, Wanted(text=SECRET)).held == (f"{folder_of(ours, run.id)}/files/note.txt",)


def test_several_epochs_are_slept_through(clone: Clone, remote: Path) -> None:
    ours, sleeper = clone("ours"), clone("sleeper")
    gone = [record(ours, key=f"{SECRET}-{number}") for number in range(3)]
    share(ours, sleeper)
    asleep = record(sleeper)
    kept = {asleep}
    for run_id in gone:
        forget(ours, Wanted((folder_of(ours, run_id),)))
        kept.add(record(ours))
        share(ours)
    pulled = pull(sleeper, transport_of(sleeper))
    assert pulled is not None
    assert pulled.epoch is not None
    assert (pulled.epoch.epoch, pulled.epoch.guessed) == (4, False)
    assert_one_and_clean(remote, ours, sleeper)
    assert ids(sleeper) == kept


def test_two_who_forget_apart_forget_both(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    first, second, kept = record(ours, key=SECRET), record(ours, key=SECRET), record(ours)
    share(ours)
    theirs, third = clone("theirs"), clone("third")
    share(theirs, third)
    forget(ours, Wanted((folder_of(ours, first),)))
    forget(theirs, Wanted((folder_of(theirs, second),)))
    made = {record(ours), record(theirs), record(third)}
    share(ours, theirs, third)
    assert_one_and_clean(remote, ours, theirs, third)
    assert ids(third) == {kept, *made}
    epoch = epoch_at(third.repository.objects, third.branch.tip())
    assert epoch is not None
    assert (epoch.number, len(epoch.forgotten)) == (3, 2)


def test_a_push_that_raced_with_a_run_keeps_it(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    share(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    done = push(ours, transport_of(ours))
    assert done.pushed
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)


def test_old_history_that_was_pushed_back_by_force_goes_again(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    git(top(theirs), "push", "-q", "--force", "origin", "mlgit", check=True)
    share(ours)
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)


def test_old_history_that_git_merged_back_goes_again(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    share(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    made = record(theirs)
    there = top(theirs)
    git(there, "fetch", "-q", "origin", check=True)
    git(there, "worktree", "add", "-q", "../forge", "mlgit", check=True)
    git(there.parent / "forge", "merge", "-q", "-X", "ours", "--no-edit", "origin/mlgit")
    git(there.parent / "forge", "checkout", "-q", "--ours", ".")
    git(there.parent / "forge", "add", "-A", check=True)
    git(there.parent / "forge", "-c", "core.editor=true", "commit", "-q", "--no-edit")
    git(there.parent / "forge", "push", "-q", "origin", "HEAD:mlgit", check=True)
    git(there, "worktree", "remove", "--force", "../forge", check=True)
    codes = {problem.code for problem in check(theirs.snapshot())}
    assert "stray-history" in codes
    share(ours)
    assert ids(ours) == {kept, made}
    assert_one_and_clean(remote, ours, theirs)


def test_a_clone_of_the_old_epoch_that_is_pulled_from_gives_only_its_runs(
    clone: Clone, remote: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    git(top(ours), "remote", "add", "peer", str(top(theirs)), check=True)
    for _ in range(2):
        with Store.open(top(ours)) as again:
            pulled = pull(again, transport_of(again, "peer"))
            assert ids(again) == {made}
    assert pulled is not None
    assert not pulled.merged
    share(ours, theirs)
    with Store.open(top(ours)) as again:
        pull(again, transport_of(again, "peer"))
    assert_one_and_clean(remote, ours, theirs)


def test_where_the_common_past_is_unknown_all_is_united(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    git(tmp_path, "clone", "-q", "--depth=1", remote.as_uri(), "shallow", check=True)
    git(tmp_path / "shallow", "fetch", "-q", "--depth=1", "origin", "mlgit:mlgit", check=True)
    with Store.open(tmp_path / "shallow") as theirs:
        made = record(theirs)
        forget(ours, Wanted((folder_of(ours, gone),)))
        share(ours)
        pulled = pull(theirs, transport_of(theirs))
        assert pulled is not None
        assert pulled.epoch is not None
        assert ids(theirs) == {made}


def test_the_history_alone_is_forgotten(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    run_id = record(ours)
    edit.set_tags(ours, folder_of(ours, run_id), {"pass": SECRET})
    edit.delete_tag(ours, folder_of(ours, run_id), "pass")
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    assert forget(ours, Wanted()).epoch == 2
    share(ours, theirs)
    assert_one_and_clean(remote, ours, theirs)
    assert ids(ours) == {run_id, made}


def test_what_cannot_be_forgotten_is_refused_and_nothing_changes(clone: Clone) -> None:
    ours = clone("ours")
    run_id = record(ours)
    folder, tip = folder_of(ours, run_id), ours.branch.tip()
    with pytest.raises(NotFound):
        forget(ours, Wanted((folder,), params=("nothing",)))
    with pytest.raises(InvalidValue):
        forget(ours, Wanted((folder,), files=("run.yaml",)))
    with pytest.raises(InvalidValue):
        forget(ours, Wanted(text="abc"))
    live = begin.start(ours, "churn")
    live.log_metric("acc", 0.5)
    with pytest.raises(InvalidState):
        forget(ours, Wanted((f"runs/churn/2026-11-23/0/081451-{live.id}",)))
    live.finish()
    git(top(ours), "worktree", "add", "-q", "../look", "mlgit", check=True)
    with pytest.raises(Unsupported):
        forget(ours, Wanted((folder,)))
    git(top(ours), "worktree", "remove", "--force", "../look", check=True)
    assert tip != ours.branch.tip()  # the run that ended
    assert epoch_at(ours.repository.objects, ours.branch.tip()) is None


def test_a_run_under_way_goes_on_and_lands_on_the_new_epoch(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    live, there = begin.start(ours, "churn"), begin.start(theirs, "churn")
    for run in (live, there):
        run.log_metric("acc", 0.5)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours, theirs)
    for run in (live, there):
        run.log_metric("acc", 0.6)
        run.finish()
    assert_one_and_clean(remote, ours, theirs)
    assert ids(ours) == {live.id, there.id}


def test_a_run_that_goes_on_does_not_bring_back_what_was_forgotten_of_it(
    clone: Clone, remote: Path
) -> None:
    ours = clone("ours")
    run = begin.start(ours, "churn")
    run.log_params({"key": SECRET, "lr": "0.1"})
    run.add_bytes(SECRET.encode(), "key.txt")
    run.checkpoint()
    share(ours)
    theirs = clone("theirs")
    folder = folder_of(theirs, run.id)
    forget(theirs, Wanted((folder,), params=("key",), artifacts=("key.txt",)))
    share(theirs, ours)
    run.log_metric("acc", 0.7)
    run.log_params({"depth": "8"})
    run.finish()
    left = ours.snapshot().run(folder)
    assert dict(left.params) == {"lr": "0.1", "depth": "8"}
    assert ours.snapshot().manifest(folder) == []
    assert left.metrics["acc"].last == 0.7
    share(ours, theirs)
    assert not is_anywhere(remote)


def test_an_epoch_of_a_newer_format_is_not_touched(clone: Clone) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    theirs = clone("theirs")
    record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    epoch = epoch_at(ours.repository.objects, ours.branch.tip())
    assert epoch is not None
    with ours.change("newer") as change:
        change.put("epoch.yaml", dump_epoch(epoch).replace(b"format: 1", b"format: 2"))
    with pytest.warns(UserWarning, match="format 2"):
        record(ours)  # it stays in its journal
    git(top(ours), "push", "-q", "--force", "origin", "mlgit", check=True)
    tip = theirs.branch.tip()
    with pytest.raises(Unsupported, match="format 2") as refused:
        share(theirs)
    assert refused.value.hint == "pip install --upgrade mlgit"
    assert theirs.branch.tip() == tip


def test_a_remote_that_never_lets_a_branch_be_replaced_says_so(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    git(remote, "config", "receive.denyNonFastForwards", "true", check=True)
    forget(ours, Wanted((folder_of(ours, gone),)))
    tip = ours.branch.tip()
    with pytest.raises(RemoteFailed, match="replaced") as refused:
        share(ours)
    assert "receive.denyNonFastForwards" in refused.value.hint
    assert ours.branch.tip() == tip
    git(remote, "config", "receive.denyNonFastForwards", "false", check=True)
    share(ours)


def test_a_push_that_is_beaten_between_fetch_and_push_takes_in_what_came(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    way = transport_of(ours)
    honest, beaten = way.push, list[bool]()

    def beaten_once(updates: Sequence[Update], timeout: float | None = None) -> dict[str, Pushed]:
        if not beaten:
            beaten.append(True)
            share(theirs)
        return honest(updates, timeout)

    monkeypatch.setattr(way, "push", beaten_once)
    sync(ours, way, sleep=lambda _: None)
    share(theirs)
    assert ids(ours) == ids(theirs) == {made}
    assert_one_and_clean(remote, ours, theirs)


def test_what_lies_in_the_inbox_from_the_old_epoch_is_taken_in_without_its_history(
    clone: Clone, remote: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    git(top(theirs), "push", "-q", "origin", "mlgit:refs/mlgit/inbox/0-theirs", check=True)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)
    assert git(remote, "for-each-ref", "refs/mlgit/").stdout == ""


def test_a_text_of_several_lines_is_found_line_by_line(clone: Clone) -> None:
    ours = clone("ours")
    key = f"-----BEGIN KEY-----\n{SECRET}-first\n{SECRET}-second\n-----END KEY-----"
    folder = folder_of(ours, record(ours))
    edit.set_note(ours, folder, f"it is\n{key}\n")
    with ours.change("a patch") as change:
        change.put(f"{folder}/code.patch", b"".join(b"+%b\n" % x.encode() for x in key.split("\n")))
    done = forget(ours, Wanted(text=key))
    assert done.plan.forgotten == {f"{folder}/run.yaml: note", f"{folder}/code.patch"}
    assert ours.snapshot().patch(folder) == b"+[forgotten]\n" * 4
    assert not is_anywhere(top(ours))


def test_refs_that_still_reach_what_was_forgotten_are_named(clone: Clone) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    git(top(ours), "tag", "-a", "-m", "release", "kept", "mlgit", check=True)
    git(top(ours), "branch", "old", "mlgit", check=True)
    assert holders(ours) == []
    forget(ours, Wanted((folder_of(ours, gone),)))
    there = {"refs/heads/old", "refs/tags/kept", "the reflog of refs/heads/old"}
    assert set(holders(ours)) == {*there, "refs/remotes/origin/mlgit"}
    share(ours)
    assert set(holders(ours)) == there


@pytest.mark.parametrize("spelled", ["mlflow.note.content", "mlflow.source.name", "team"])
def test_a_reserved_tag_is_the_field_that_it_stands_for(clone: Clone, spelled: str) -> None:
    ours = clone("ours")
    folder = folder_of(ours, record(ours))
    edit.set_tags(ours, folder, {spelled: SECRET})
    forget(ours, Wanted((folder,), tags=(spelled,)))
    assert spelled not in ours.snapshot().run(folder).all_tags()
    assert not is_anywhere(top(ours))
