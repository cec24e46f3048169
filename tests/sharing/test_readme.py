"""The front page of the branch, made in two clones: what has landed stays, nobody is asked."""

from __future__ import annotations

from collections.abc import Callable

from mlgit import readme
from mlgit.runs import begin
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.contested import contested
from mlgit.store.store import Store


def record(store: Store, name: str) -> None:
    run = begin.start(store, name)
    run.log_metrics({"acc": 0.9})
    run.finish()
    readme.write(store)


def shared(store: Store) -> None:
    sync(store, transport_of(store))


def test_pages_that_differ_are_no_conflict(clone: Callable[[str], Store]) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    record(ours, "base")
    shared(ours)
    shared(theirs)
    record(ours, "here")
    record(theirs, "there")
    shared(theirs)
    landed = theirs.snapshot().read("README.md")
    shared(ours)
    assert ours.snapshot().read("README.md") == landed
    assert not contested(ours)
    assert readme.write(ours)
    shared(ours)
    shared(theirs)
    assert theirs.snapshot().read("README.md") == ours.snapshot().read("README.md")
    assert not readme.write(theirs)
