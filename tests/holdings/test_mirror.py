"""A public mirror over HTTP among the remotes: it serves everybody, and stops no push."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlgit import shared
from mlgit.errors import RemoteFailed
from mlgit.holdings.remotes import add_remote
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.holdings.named_runs import record
from tests.support.mirror import Mirror, mirror

A = "9f3c000000000001"
DATA = b"weights"

New = Callable[[str], Store]


@pytest.fixture
def web(shelf: Path) -> Iterator[Mirror]:
    with mirror(shelf) as running:
        yield running


def test_a_mirror_stops_no_push(clone: New, shelf: Path, web: Mirror) -> None:
    """Though its name comes first, and two copies are asked for."""
    store = clone("one")
    add_remote(store, "cdn", web.url)
    add_remote(store, "store", str(shelf))
    record(store, A, {"model.bin": DATA})
    outcome = shared.push(store, transport_of(store))
    assert outcome.synced.pushed
    assert outcome.remotes == ["store"]
    assert {line.partition(" ")[0] for line in web.seen} <= {"HEAD", "GET"}


def test_a_mirror_alone_takes_nothing(clone: New, web: Mirror) -> None:
    store = clone("one")
    add_remote(store, "cdn", web.url)
    record(store, A, {"model.bin": DATA})
    with pytest.raises(RemoteFailed, match="cdn is read only"):
        shared.push(store, transport_of(store))
