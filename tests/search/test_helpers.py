"""Runs are read in other processes where there are many; the answers are the same."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from mlgit.git.objects import Objects
from mlgit.process import Partner
from mlgit.records.run import Purged, Run, dump_purged
from mlgit.search import helpers, reading
from mlgit.search.index import Index
from mlgit.search.reading import Place, read_rows
from mlgit.search.rows import Rows
from mlgit.store.store import Store
from tests.search.records import T0, a_run, publish


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of runs is many here."""
    monkeypatch.setattr(reading, "_FEW", 4)
    monkeypatch.setattr(reading, "_BATCH", 2)
    monkeypatch.setattr(helpers, "_processors", lambda: 2)


@pytest.fixture
def read_here(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """The places that were read in this process and by no helper."""
    places: list[Place] = []

    def watched(objects: Objects, batch: Iterable[Place]) -> Rows:
        listed = list(batch)
        places.extend(listed)
        return read_rows(objects, listed)

    monkeypatch.setattr(helpers, "read_rows", watched)
    return places


def published(store: Store) -> list[Run]:
    """Nine runs; what their folders hold is damaged, purged, and sound."""
    runs = [a_run(number, {"acc": number}, params={"lr": "0.1"}) for number in range(9)]
    folders = publish(store, *runs)
    with store.change("break one and purge one") as change:
        change.put(f"{folders[1]}/run.yaml", b"id: [\n")
        change.put(f"{folders[4]}/run.yaml", dump_purged(Purged(runs[4].id, T0, "ada")))
        change.put(f"{folders[7]}/inputs.yaml", b"datasets: {\n")
    return [run for number, run in enumerate(runs) if number not in (1, 4)][::-1]


def test_helpers_find_what_this_process_would(
    store: Store, index: Index, read_here: list[Place]
) -> None:
    expected = published(store)
    assert index.search() == expected
    assert [damage.path.rpartition("/")[2] for damage in index.damage()] == [
        "run.yaml",
        "inputs.yaml",
    ]
    assert read_here == []
    publish(store, *(a_run(number) for number in range(20, 30)))
    assert len(index.search()) == len(expected) + 10
    assert read_here == []


@pytest.mark.parametrize("program", ["", "/no/such/program", "/bin/false", "/bin/cat"])
def test_without_helpers_the_runs_are_read_here(
    store: Store,
    index: Index,
    read_here: list[Place],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
) -> None:
    expected = published(store)
    monkeypatch.setattr(sys, "executable", program)
    assert index.search() == expected
    assert len(read_here) == 9


CHILDREN = {
    "ends": "pass",
    "talks nonsense": "print('no rows at all', flush=True); import time; time.sleep(600)",
    "never answers": "import time; time.sleep(600)",
    "ends later": "from mlgit.search import helpers as h; from sys import *\n"
    "h._send(stdout.buffer, ([], [], [], [], {}, [one[1] for one in h._receive(stdin.buffer)]))",
}


@pytest.mark.parametrize("child", CHILDREN)
def test_a_helper_that_fails_is_replaced_by_this_process(
    store: Store,
    index: Index,
    read_here: list[Place],
    monkeypatch: pytest.MonkeyPatch,
    child: str,
) -> None:
    expected = published(store)
    monkeypatch.setattr(helpers, "_CHILD", CHILDREN[child])
    monkeypatch.setattr(helpers, "_LONGEST", 0.2)
    assert index.search() == expected
    assert read_here != []


def test_an_error_while_helpers_are_at_work_ends_them(
    store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store)
    started: list[Partner] = []
    start = Partner.__init__

    def watched(self: Partner, *args: object, **more: object) -> None:
        start(self, *args, **more)  # type: ignore[arg-type]
        started.append(self)

    def fail(*_: object) -> Rows:
        raise KeyboardInterrupt

    monkeypatch.setattr(Partner, "__init__", watched)
    monkeypatch.setattr(helpers, "_answer", fail)
    with pytest.raises(KeyboardInterrupt):
        index.refresh()
    assert [one.stdout.closed for one in started] == [True, True]
