"""Bytes, then the branch: no ref moves before what it names is where others find it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit import shared
from mlgit.artifacts.cache import ObjectCache
from mlgit.errors import InvalidState, RemoteFailed, Unsupported
from mlgit.holdings.memory import verified
from mlgit.holdings.only_here import only_here, sizes_only_here
from mlgit.holdings.remotes import add_remote
from mlgit.holdings.trust import untrust
from mlgit.holdings.unshared import clones_of
from mlgit.runs import edit
from mlgit.runs.purge import purge
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull
from mlgit.store.named import sources
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.store.records import a_publication, a_run
from tests.support.repos import git

A, B, C, D = "9f3c000000000001", "9f3d000000000002", "aaaa000000000003", "bbbb000000000004"
DATA, DIGEST = b"weights", digest_of(b"weights")

New = Callable[[str], Store]


def push(store: Store, *, metadata_only: bool = False) -> shared.Outcome:
    return shared.push(store, transport_of(store), metadata_only=metadata_only)


def tip_of(remote: Path) -> str:
    return git(remote, "rev-parse", "-q", "--verify", "refs/heads/mlgit").stdout.strip()


def test_the_bytes_go_before_the_branch(clone: New, remote: Path, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA})
    outcome = push(store)
    assert outcome.synced.pushed
    assert [one.sha256 for one in outcome.sent] == [DIGEST]
    assert outcome.remotes == ["main"]
    assert ObjectCache(shelf).path(DIGEST).read_bytes() == DATA
    assert tip_of(remote)


@pytest.mark.parametrize("bring", [shared.push, shared.sync])
def test_without_a_remote_for_them_no_ref_moves(
    clone: New, remote: Path, bring: Callable[..., shared.Outcome]
) -> None:
    store = clone("one")
    record(store, A, {"model.bin": DATA})
    with pytest.raises(InvalidState, match=r"1 artifact .*\n.*model.bin of run 9f3c") as caught:
        bring(store, transport_of(store))
    assert "mlgit remote add main URL" in caught.value.hint
    assert not tip_of(remote)


def test_with_one_that_cannot_take_them_no_ref_moves(clone: New, remote: Path, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf / "not-mounted"))
    record(store, A, {"model.bin": DATA})
    with pytest.raises(RemoteFailed, match=r"model.bin of run 9f3c"):
        push(store)
    assert not tip_of(remote)


def test_bytes_that_are_lost_here_stop_the_push(clone: New, remote: Path, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA}, keep=False)
    record(store, B, {"other.bin": b"other"})
    with pytest.raises(RemoteFailed, match=r"model\.bin") as caught:
        push(store)
    assert caught.value.facts["lacking"] == [DIGEST]
    assert not tip_of(remote)


def test_a_later_push_asks_only_for_what_is_new(clone: New, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA})
    push(store)
    ObjectCache(shelf).path(DIGEST).unlink()
    record(store, B, {"other.bin": b"other"})
    assert [one.sha256 for one in push(store).sent] == [digest_of(b"other")]


def test_what_is_in_git_needs_no_remote(clone: New) -> None:
    store = clone("one")
    store.publish(a_publication(a_run(A), {"small.txt": b"small"}))
    assert push(store).synced.pushed


def test_a_damaged_copy_that_others_left_is_replaced(clone: New, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA})
    path = ObjectCache(shelf).path(DIGEST)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"WEIGHTS")
    assert push(store).synced.pushed
    assert path.read_bytes() == DATA


def test_a_damaged_copy_without_another_stops_the_push(
    clone: New, remote: Path, shelf: Path
) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA}, keep=False)
    path = ObjectCache(shelf).path(DIGEST)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"WEIGHTS")
    with pytest.raises(RemoteFailed):
        push(store)
    assert not tip_of(remote)
    path.write_bytes(DATA)
    assert push(store).synced.pushed


def test_a_second_remote_takes_what_the_first_does_not(clone: New, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf / "not-mounted"))
    add_remote(store, "spare", str(shelf))
    record(store, A, {"model.bin": DATA})
    assert push(store).remotes == ["spare"]


def test_an_untrusted_remote_is_not_sent_to(clone: New, remote: Path, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    untrust(str(shelf))
    record(store, A, {"model.bin": DATA})
    with pytest.raises(Unsupported) as caught:
        push(store)
    assert caught.value.hint == "mlgit remote trust main"
    assert list(shelf.iterdir()) == []
    assert not tip_of(remote)


def test_what_colleagues_shared_is_not_asked_of_us(clone: New, shelf: Path) -> None:
    one = clone("one")
    add_remote(one, "main", str(shelf))
    record(one, A, {"model.bin": DATA})
    push(one)
    two = clone("two")
    record(two, B, {"other.bin": b"other"})
    record(one, C, {"third.bin": b"third"})
    push(one)
    ObjectCache(shelf).path(DIGEST).unlink()
    ObjectCache(shelf).path(digest_of(b"third")).unlink()
    assert [sent.sha256 for sent in push(two).sent] == [digest_of(b"other")]


def test_by_name_only_is_said_on_the_branch_and_taken_back(clone: New, shelf: Path) -> None:
    one = clone("one")
    record(one, A, {"model.bin": DATA, "more.bin": b"more"})
    outcome = push(one, metadata_only=True)
    assert outcome.synced.pushed
    assert outcome.declared.keys() == {DIGEST, digest_of(b"more")}
    two = clone("two")
    assert clones_of(two.snapshot()) == dict.fromkeys(outcome.declared, one.writer)
    record(two, B, {})
    assert push(two).synced.pushed  # what others have said to lack is not asked of us
    pull(one, transport_of(one))
    add_remote(one, "main", str(shelf))
    sent = push(one)
    assert {each.sha256 for each in sent.sent} == outcome.declared.keys()
    pull(two, transport_of(two))
    assert clones_of(two.snapshot()) == {}
    assert two.snapshot().names("unshared") == []


def test_what_is_said_in_two_clones_merges_and_each_takes_back_its_own(
    clone: New, shelf: Path
) -> None:
    one, two = clone("one"), clone("two")
    record(one, A, {"model.bin": DATA})
    record(two, B, {"other.bin": b"other"})
    push(one, metadata_only=True)
    push(two, metadata_only=True)
    pull(one, transport_of(one))
    assert clones_of(one.snapshot()) == {DIGEST: one.writer, digest_of(b"other"): two.writer}
    add_remote(one, "main", str(shelf))
    push(one)
    outcome = shared.sync(two, transport_of(two))
    assert outcome.synced.pulled is not None
    assert not outcome.synced.pulled.open
    push(two)
    pull(one, transport_of(one))
    assert clones_of(one.snapshot()) == {}


def test_only_here_is_what_was_never_seen_elsewhere(clone: New, shelf: Path) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA})
    record(store, B, {"big.bin": DATA * 2})
    assert [one.path for one in only_here(store)] == ["big.bin", "model.bin"]
    push(store)
    assert only_here(store) == []
    assert verified(store, str(shelf)) == {DIGEST, digest_of(DATA * 2)}
    for path in (store.cache / "verified").iterdir():
        path.unlink()
    assert sizes_only_here(store).keys() == {DIGEST, digest_of(DATA * 2)}


def test_what_was_seen_at_a_url_that_is_no_remote_any_more_does_not_count(
    clone: New, shelf: Path
) -> None:
    from mlgit.holdings.remotes import remove_remote

    store = clone("one")
    add_remote(store, "main", str(shelf))
    record(store, A, {"model.bin": DATA})
    push(store)
    remove_remote(store, "main")
    assert sizes_only_here(store) == {DIGEST: len(DATA)}


@pytest.mark.parametrize("by_name_only", [True, False])
def test_what_was_purged_is_not_said_to_be_in_one_clone_any_more(
    clone: New, by_name_only: bool
) -> None:
    one, two = clone("one"), clone("two")
    record(one, A, {"model.bin": DATA, "shared.bin": b"of both"})
    record(one, B, {"shared.bin": b"of both"})
    push(one, metadata_only=True)
    pull(two, transport_of(two))
    record(two, C, {"other.bin": b"other"})
    push(two, metadata_only=True)
    (folder,) = two.snapshot().find_run(A)
    edit.delete(two, folder)
    purge(two, folder, sources(two.snapshot()))
    push(two, metadata_only=by_name_only)
    said = {digest_of(b"of both"): one.writer, digest_of(b"other"): two.writer}
    assert clones_of(two.snapshot()) == said
    record(one, D, {"last.bin": b"last"})
    outcome = shared.sync(one, transport_of(one), metadata_only=True)
    assert outcome.synced.pulled is not None
    assert not outcome.synced.pulled.open
    assert clones_of(one.snapshot()) == {**said, digest_of(b"last"): one.writer}
