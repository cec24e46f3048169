"""`python -m tests.bench [NAME…] [--quick] [--no-peer] [--write FILE]`."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mlgit import times
from tests.bench import bridge, files, peer, reading, remotes, sharing, starting, writing
from tests.bench.line import Line, markdown, table
from tests.bench.place import Place

SHARING: dict[str, Callable[[Place], Iterator[Line]]] = {
    "merges": sharing.merges,
    "transfers": sharing.transfers,
    "pushers": sharing.pushers,
    "spools": sharing.spools,
    "clones": sharing.clones,
}
ARTIFACTS: dict[str, Callable[[Place], Iterator[Line]]] = {
    "files": files.files,
    "remotes": remotes.remotes,
}
BRIDGE: dict[str, Callable[[Place], Iterator[Line]]] = {"bridge": bridge.bridge}
SUITES: dict[str, Callable[[Place], Iterator[Line]]] = {
    "imports": starting.imports,
    "processes": starting.processes,
    "metrics": writing.metrics,
    "small-runs": writing.small_runs,
    "histories": writing.histories,
    "writers": writing.writers,
    "disk": writing.disk,
    "searches": reading.searches,
    "frames": reading.frames,
    **SHARING,
    **ARTIFACTS,
    **BRIDGE,
}


def main() -> int:
    """Measure, print the table, and say by the exit code whether every bar is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUITES))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--no-peer", action="store_true", help="leave MLflow out")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also as Markdown, dated")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(SUITES))
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(SUITES)}")
    given = os.environ.get("MLGIT_BENCH_DIR")
    cache = Path(given) if given else Path(tempfile.mkdtemp(prefix="mlgit-bench-"))
    cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=cache))
    place = Place(scratch, cache, asked.quick, not asked.no_peer)
    try:
        lines = measure(place, asked.names or list(SUITES))
        machine = describe(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not given:
            shutil.rmtree(cache, ignore_errors=True)
    say(f"\n{table(lines)}\n\n{machine}")
    if asked.write:
        asked.write.write_text(f"{machine}\n\n{markdown(lines)}")
    return int(any(line.bar is not None and not line.bar.met for line in lines))


def measure(place: Place, names: list[str]) -> list[Line]:
    """The lines of the benchmarks of these names, each said as it is known."""
    lines = []
    for name in names:
        for line in SUITES[name](place):
            say("  ".join(filter(None, (name, *line.cells()))))
            lines.append(line)
    return lines


def describe(place: Place) -> str:
    """When, on what, with which versions."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout
    parts = [
        times.iso(times.now_ms())[:16].replace("T", " ") + " UTC",
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        git.strip().replace(" version", ""),
        *([f"MLflow {peer.version(place)}"] if place.peer else []),
        *(["tiny sizes: the figures mean little"] if place.quick else []),
    ]
    return " · ".join(parts)


def say(text: str) -> None:
    """Print at once, so that a long run can be watched."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
