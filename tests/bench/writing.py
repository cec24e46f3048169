"""What it costs to log: one call, one small run, a very long history, many writers at once."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import peer
from tests.bench.line import Bar, Line, Other, at_most
from tests.bench.place import LARGE, MIDDLE, SMALL, Place, cost, worker

PEERS = ("file", "sqlite")  # MLflow's two kinds of store


def metrics(place: Place) -> Iterator[Line]:
    """One call of `log_metric` and of `log_metrics`; what a kill leaves."""
    where = place.store(place.size(SMALL, 100))
    calls = {"log_metric": place.size(100_000, 3_000), "log_metrics": place.size(20_000, 300)}
    for name, limit in (("log_metric", 5), ("log_metrics", 20)):
        ours = worker(place, name, where, calls=calls[name])
        call = ours["call"] * 1e6
        title = name if name == "log_metric" else "log_metrics of 20"
        floor = Other("plain write", ours["floor"] * 1e6)
        yield Line(title, call, "µs", floor, at_most(limit, call, "µs"))
        for kind in PEERS if place.peer else ():
            their_calls = place.size(1_000, 100)
            theirs = peer.ask(place, name, kind, place.folder("peer"), calls=their_calls)
            yield Line(title, call, "µs", Other(f"MLflow {kind}", theirs["call"] * 1e6))
    yield from _killed(place, where)


def _killed(place: Place, where: Path) -> Iterator[Line]:
    points = place.size(10_000, 1_000)
    argv = [sys.executable, "-m", "tests.bench.workers", "killed", f'{{"points": {points}}}']
    cost(argv, where, place.environment(), check=False)
    left = worker(place, "survivors", where)["points"]
    bar = Bar("all", left == points)
    yield Line("points left after kill -9", left, "points", Other("logged", points), bar)


def small_runs(place: Place) -> Iterator[Line]:
    """A small run from start to end, durable in git, in stores of growing size."""
    medians: dict[int, float] = {}
    for size in (SMALL, MIDDLE, LARGE) if not place.quick else (100, 1_000):
        found = worker(place, "small_runs", place.store(size), count=place.size(200, 20))
        runs = sorted(found["runs"])
        medians[size] = statistics.median(runs) * 1e3
        floor = Other("one write + fsync", statistics.median(found["floor"]) * 1e3)
        name = f"small run among {size:,}"
        yield Line(name, medians[size], "ms", floor, at_most(8, medians[size], "ms"))
        yield Line(f"{name}, p99", runs[int(len(runs) * 0.99)] * 1e3, "ms")
        yield Line(f"{name}, forced writes", found["syncs"], "syncs")
    smallest, largest = min(medians), max(medians)
    grown = Other(f"among {smallest:,}", medians[smallest])
    flat = Bar("≤ 1.5 x", medians[largest] <= 1.5 * medians[smallest])
    yield Line(f"small run among {largest:,}", medians[largest], "ms", grown, flat)
    for kind in PEERS if place.peer else ():
        count = place.size(100, 10)
        theirs = peer.ask(place, "small_runs", kind, place.folder("peer"), count=count)
        other = Other(f"MLflow {kind}, empty", statistics.median(theirs["runs"]) * 1e3)
        yield Line(f"small run among {largest:,}", medians[largest], "ms", other)


def histories(place: Place) -> Iterator[Line]:
    """Very long metric histories: logged, published, read back as a DataFrame."""
    where = place.store(place.size(SMALL, 100))
    theirs: dict[str, float] = {}
    count = place.size(100_000, 10_000)
    if place.peer:
        theirs = peer.ask(place, "history", "sqlite", place.folder("peer"), points=count)
    for points in (100_000, 1_000_000) if not place.quick else (10_000,):
        ours = worker(place, "history", where, points=points)
        for step, words, limit in (
            ("logged", "logged one by one", 5.0),
            ("ended", "committed", 2.0),
            ("read", "read as a DataFrame", 0.5),
        ):
            # The promise is for a million points; a tenth of them gets a tenth of the time.
            bar = at_most(limit * points / 1_000_000, ours[step], "s")
            name = f"MLflow sqlite, batches, of {count:,}"
            other = Other(name, theirs[step] * points / count) if step in theirs else None
            yield Line(f"{points:,} points {words}", ours[step], "s", other, bar)


def writers(place: Place) -> Iterator[Line]:
    """Many processes at once."""
    shapes = ((8, 50, 200, 0.2), (64, 5, 0, 2.0)) if not place.quick else ((4, 5, 0, 0.2),)
    for processes, each, fast, slow in shapes:
        where = place.store(place.size(SMALL, 100))
        ours = worker(place, "concurrent", where, processes=processes, runs=each)
        name = f"{processes} processes x {each} runs"
        others: list[Other | None] = [None, None]
        if place.peer and processes <= 8:
            shape = {"processes": processes, "runs": each}
            theirs = peer.ask(place, "concurrent", "sqlite", place.folder("peer"), **shape)
            others = [Other("MLflow sqlite", theirs[key]) for key in ("rate", "p99")]
        quick = Bar(f"≥ {fast} runs/s", ours["rate"] >= fast) if fast else None
        yield Line(name, ours["rate"], "runs/s", others[0], quick)
        yield Line(f"{name}, p99", ours["p99"], "s", others[1], at_most(slow, ours["p99"], "s"))
        yield Line(f"{name}, lost", ours["lost"], "runs", None, Bar("none", ours["lost"] == 0))


def disk(place: Place) -> Iterator[Line]:
    """Bytes of a small run with one artifact, before and after packing."""
    where = place.store(place.size(MIDDLE, 100))
    ours = worker(place, "disk", where, runs=place.size(1_008, 48))
    other = None
    if place.peer:
        theirs = peer.ask(place, "disk", "sqlite", place.folder("peer"), runs=place.size(100, 20))
        other = Other("MLflow sqlite", theirs["bytes"])
    packed = ours["packed"]
    yield Line("a small run on disk, packed", packed, "B", other, at_most(2_200, packed, "B"))
    yield Line("a small run on disk, before packing", ours["loose"], "B")
