"""Every clone follows when something is forgotten: nothing else is lost, nothing comes back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from mlgit.errors import Unsupported
from mlgit.records.epoch import dump_epoch
from mlgit.runs import begin, edit
from mlgit.sharing.forget import Wanted, forget
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.state import shared_state
from mlgit.sharing.sync import pull
from mlgit.store.lineage import epoch_at
from mlgit.store.store import Store
from tests.sharing.forgetting import (
    SECRET,
    Clone,
    assert_one_and_clean,
    folder_of,
    ids,
    is_anywhere,
    record,
    share,
    top,
)
from tests.support.repos import git


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


def test_the_state_says_that_one_side_has_not_followed_yet(clone: Clone) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    assert not shared_state(ours, transport_of(ours)).apart
    forget(ours, Wanted((folder_of(ours, gone),)))
    found = shared_state(ours, transport_of(ours))
    assert (found.apart, found.ahead, found.behind) == (True, 0, 0)
    share(ours)
    assert not shared_state(ours, transport_of(ours)).apart


def test_a_clone_that_only_read_forgets_and_a_bare_one_without_reflogs_follows(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours, key=SECRET)
    share(ours)
    git(tmp_path, "clone", "-q", "--bare", str(remote), "bare.git", check=True)
    reader = clone("reader")
    assert reader.branch.tip() is None
    with Store.open(tmp_path / "bare.git") as bare:
        made = record(bare)
        forget(reader, Wanted((folder_of(reader, gone),)))
        share(reader, bare, ours)
        assert ids(bare) == ids(ours) == {kept, made}
    assert not is_anywhere(tmp_path / "bare.git")
    assert_one_and_clean(remote, ours, reader)
