"""What it costs to find and read runs: search, the index behind it, all runs as a table."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import peer
from tests.bench.line import Line, Other, at_most
from tests.bench.place import LARGE, MIDDLE, Place, side_by_side, worker
from tests.bench.starting import BARE

COLD_SEARCH = (
    "import mlgit; mlgit.search_runs(search_all_experiments=True, filter_string="
    "\"metrics.acc > 0.9 and params.lr = '0.1'\", order_by=['metrics.acc DESC'], "
    "max_results=100, output_format='list')"
)


def searches(place: Place) -> Iterator[Line]:
    """Filter, order and the best 100; the index from nothing and after ten new runs."""
    size = place.size(LARGE, 1_000)
    where = place.store(size)
    built = worker(place, "search", where, repeats=1)["first"]
    yield Line(f"index of {size:,} runs from nothing", built, "s", None, at_most(15, built, "s"))
    warm = worker(place, "search", where, repeats=place.size(20, 3))["warm"] * 1e3
    name, bar = f"search of {size:,} runs, warm", at_most(15, warm, "ms")
    yield Line(name, warm, "ms", _peer_search(place), bar)
    commands = {"ours": (sys.executable, "-c", COLD_SEARCH), "bare": BARE}
    cold = side_by_side(commands, where, place.environment(), place.size(11, 2))
    ours, bare = cold["ours"].wall * 1e3, Other("bare python", cold["bare"].wall * 1e3)
    yield Line(f"search of {size:,} runs, new process", ours, "ms", bare, at_most(100, ours, "ms"))
    yield _after_new_runs(place, where)


def _after_new_runs(place: Place, where: Path) -> Line:
    taken = []
    for _ in range(place.size(7, 1)):
        worker(place, "small_runs", where, count=8)  # one before and one after the eight
        taken.append(worker(place, "refresh", where)["seconds"] * 1e3)
    fresh = statistics.median(taken)
    steady = statistics.median(
        worker(place, "refresh", where)["seconds"] * 1e3 for _ in range(place.size(7, 1))
    )
    bar = at_most(20, fresh, "ms")
    return Line("index after 10 new runs", fresh, "ms", Other("after none", steady), bar)


def frames(place: Place) -> Iterator[Line]:
    """All runs as one DataFrame, the first time and later, each in a new process."""
    size = place.size(LARGE, 1_000)
    where = place.store(size)
    worker(place, "search", where, repeats=1)
    first = worker(place, "frame", where)
    assert first["rows"] == size
    again = statistics.median(worker(place, "frame", where)["seconds"] for _ in range(3))
    other = None
    if place.peer:
        theirs = peer.ask(place, "frame", "sqlite", _peer_store(place))
        other = Other(f"MLflow sqlite, {_peer_size(place):,} runs", theirs["seconds"])
    name, seconds = f"DataFrame of {size:,} runs", first["seconds"]
    yield Line(f"{name}, first time", seconds, "s", None, at_most(3, seconds, "s"))
    yield Line(f"{name}, later", again, "s", other, at_most(1, again, "s"))


def _peer_size(place: Place) -> int:
    """MLflow is measured on fewer runs: on as many as ours it needs minutes for each figure."""
    return place.size(MIDDLE, 1_000)


def _peer_store(place: Place) -> Path:
    path = place.cache / f"mlflow-{_peer_size(place)}"
    if not (path / "done").exists():
        path.mkdir(exist_ok=True)
        peer.ask(place, "populate", "sqlite", path, runs=_peer_size(place))
        (path / "done").touch()
    return path


def _peer_search(place: Place) -> Other | None:
    if not place.peer:
        return None
    found = peer.ask(place, "search", "sqlite", _peer_store(place), repeats=5)
    return Other(f"MLflow sqlite, {_peer_size(place):,} runs", found["warm"] * 1e3)
