"""What it costs to keep files: many small ones, a large one, checkpoints that are mostly alike.

The floor is `cp -r`, `sync` (fsync) of every file and folder of the copy, and `sha256sum` of it: as
durable as `log_artifacts`. The same without fsync is shown beside it, without a bar.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import filing, peer
from tests.bench.line import Bar, Line, Other, at_most
from tests.bench.place import Place, answer

MOST = 1.3  # times copy + hash
SMALL_FILE, LARGE_FILE, CHECKPOINT = 20_000, 2 << 30, 20_000_000  # bytes
PEER = Path(__file__).with_name("filing_peer.py")


def files(place: Place) -> Iterator[Line]:
    """Local logging beside copy + hash, and what is kept of files that repeat."""
    yield from _small(place)
    yield from _large(place)
    count, parts = place.size(20, 4), place.size(20, 4)
    each = CHECKPOINT // parts if not place.quick else 200_000
    found = _asked(place, "checkpoints", count=count, files=parts, size=each)
    name = f"{count} checkpoints of {parts} files, one of them new: logged / kept"
    most = count * parts / (parts + count - 1)
    alike = Bar("each content once", found["ratio"] >= 0.95 * most)
    yield Line(name, found["ratio"], "x", Other("at best", most), alike)


def _small(place: Place) -> Iterator[Line]:
    count = place.size(1_000, 100)
    found = _asked(place, "small", count=count, size=SMALL_FILE, repeats=place.size(7, 2))
    name = f"log_artifacts of {count:,} files of {SMALL_FILE // 1000} kB"
    yield from _beside_floors(name, found)
    if place.peer:
        source, where = place.folder("small"), place.folder("peer")
        filing.write_small(source, count, SMALL_FILE)
        argv = [peer.python(place), str(PEER), "logged", json.dumps({"source": str(source)})]
        theirs = answer(argv, where, peer.environment(place, "file", where))
        yield Line(name, found["ours"], "s", Other("MLflow file, no fsync", theirs["seconds"]))


def _large(place: Place) -> Iterator[Line]:
    size = place.size(LARGE_FILE, 8 << 20)
    found = _asked(place, "large", size=size, repeats=place.size(3, 1))
    name = f"log_artifact of one file of {size >> 20:,} MiB"
    yield from _beside_floors(name, found)
    memory = found["memory"] / 1e6
    yield Line(f"{name}, more memory", memory, "MB", None, at_most(64, memory, "MB"))


def _beside_floors(name: str, found: dict[str, float]) -> Iterator[Line]:
    floor = Other("cp + fsync + sha256sum", found["durable"])
    bar = Bar(f"≤ {MOST} x", found["ours"] <= MOST * floor.figure)
    yield Line(name, found["ours"], "s", floor, bar)
    yield Line(name, found["ours"], "s", Other("cp + sha256sum, no fsync", found["plain"]))
    yield Line(f"{name}, at once again", found["again"], "s")


def _asked(place: Place, name: str, /, **arguments: int) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.filing", name, json.dumps(arguments)]
    return answer(argv, place.store(100), place.environment())
