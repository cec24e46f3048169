"""As many copies as the settings ask for are made, and said to be lacking where they are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit import shared
from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.transfer.values import Wanted
from mlgit.holdings.memory import verified
from mlgit.holdings.named import named_by
from mlgit.holdings.only_here import findings, spread
from mlgit.holdings.remotes import add_remote, open_trusted
from mlgit.holdings.repair import repair
from mlgit.holdings.trust import untrust
from mlgit.holdings.verify import verify_remotes
from mlgit.records import layout
from mlgit.records.settings import Artifacts, dump_settings
from mlgit.sharing.remotes import transport_of
from mlgit.store.change import Change
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record

A, B = "9f3c000000000001", "9f3d000000000002"
DATA, DIGEST = b"weights", digest_of(b"weights")
MAKE = "mlgit artifact verify --remote --fix"

New = Callable[[str], Store]


def push(store: Store) -> shared.Outcome:
    return shared.push(store, transport_of(store))


def ask_for(store: Store, copies: int) -> None:
    def put(change: Change) -> None:
        settings = change.snapshot.settings()._replace(artifacts=Artifacts(copies))
        change.put(layout.SETTINGS, dump_settings(settings))

    store.apply(put, "settings: copies")


@pytest.fixture
def shelves(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("first", "second", "third")]
    for path in paths:
        path.mkdir()
    return paths


@pytest.fixture
def store(clone: New, shelves: list[Path]) -> Store:
    """A clone with a run, three remotes and a wish for two copies."""
    store = clone("one")
    for path in shelves:
        add_remote(store, path.name, str(path))
    ask_for(store, 2)
    record(store, A, {"model.bin": DATA})
    return store


def held(shelves: list[Path]) -> list[bool]:
    return [ObjectCache(path).has(DIGEST) for path in shelves]


def test_a_push_makes_as_many_copies_as_are_asked_for(store: Store, shelves: list[Path]) -> None:
    outcome = push(store)
    assert outcome.short is None
    assert outcome.remotes == ["first", "second"]
    assert outcome.sent == [Wanted(DIGEST, len(DATA))]
    assert held(shelves) == [True, True, False]
    assert [verified(store, str(path)) for path in shelves] == [{DIGEST}, {DIGEST}, set()]
    assert spread(store) == ({}, {})
    assert list(findings(store)) == []


def test_one_that_cannot_take_them_is_passed_over(store: Store, shelves: list[Path]) -> None:
    shelves[1].rmdir()
    assert push(store).short is None
    assert held(shelves) == [True, False, True]


def test_one_copy_moves_the_branch_and_what_is_lacking_is_said(
    store: Store, shelves: list[Path]
) -> None:
    for path in shelves[1:]:
        path.rmdir()
    outcome = push(store)
    assert outcome.synced.pushed
    assert outcome.short is not None
    assert outcome.short.message.startswith("1 artifact (7 B) on 1 of 2 remotes: ")
    assert str(shelves[2]) in outcome.short.message
    assert outcome.short.hint == MAKE
    assert spread(store).few == {DIGEST: len(DATA)}
    (found,) = findings(store)
    assert (found.severity, found.hint) == ("warning", MAKE)
    assert "1 artifact (7 B) on fewer remotes than 2" in found.what


def test_the_command_that_is_named_makes_the_copy(store: Store, shelves: list[Path]) -> None:
    for path in shelves[1:]:
        path.rmdir()
    push(store)
    for path in shelves[1:]:
        path.mkdir()
    remotes, named = open_trusted(store), list(named_by(store).values())
    has = [one.name for one in remotes if one.sizes([DIGEST]) == {DIGEST: len(DATA)}]
    assert has == ["first"]
    repaired = repair(store, verify_remotes(store, remotes, named, 2), remotes)
    assert [one.problem for one in repaired] == [None, None]
    assert verify_remotes(store, remotes, named, 2, deep=True) == []
    assert spread(store).few == {}


def test_a_copy_that_is_not_whole_is_not_counted(store: Store, shelves: list[Path]) -> None:
    push(store)
    ObjectCache(shelves[0]).path(digest_of(b"other")).parent.mkdir(parents=True)
    ObjectCache(shelves[0]).path(digest_of(b"other")).write_bytes(b"OTHER")
    record(store, B, {"other.bin": b"other"})
    assert push(store).short is None
    assert ObjectCache(shelves[0]).verify(digest_of(b"other"))


def test_fewer_remotes_than_copies_are_named(clone: New, shelves: list[Path]) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelves[0]))
    add_remote(store, "same", str(shelves[0]))
    ask_for(store, 2)
    record(store, A, {"model.bin": DATA})
    short = push(store).short
    assert short is not None
    assert "the store has 1" in short.message
    assert short.hint == f"mlgit remote add NAME URL, then {MAKE}"


def test_one_that_is_not_trusted_is_named(store: Store, shelves: list[Path]) -> None:
    for path in shelves[1:]:
        untrust(str(path))
    short = push(store).short
    assert short is not None
    assert "second is not trusted here" in short.message
    assert short.hint == f"mlgit remote trust second, then {MAKE}"
    assert held(shelves) == [True, False, False]
