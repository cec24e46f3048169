"""Where a benchmark works, and how it starts and times programs there."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import generate

ROOT = Path(__file__).parents[2]
LONGEST = 3600.0  # seconds after which a program is taken for stuck
SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000  # runs in a store


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds, and bytes of memory at most."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Place:
    """A scratch folder, a cache that outlives it, and how big the benchmark is to be.

    Attributes:
        scratch: Removed at the end.
        cache: Generated stores and the peer's environment; safe to delete.
        quick: Tiny sizes, to see that everything runs; the figures mean little.
        peer: Whether the peer is measured too.
    """

    scratch: Path
    cache: Path
    quick: bool
    peer: bool = True

    def size(self, full: int, quick: int) -> int:
        """How many of something."""
        return quick if self.quick else full

    def folder(self, name: str) -> Path:
        """A new empty folder."""
        for number in range(10_000):
            path = self.scratch / f"{name}-{number}"
            if not path.exists():
                path.mkdir(parents=True)
                return path
        raise AssertionError("too many folders")

    def store(self, runs: int) -> Path:
        """A fresh copy of a store of that many runs, with an empty cache."""
        path = self.folder(f"store-{runs}") / "project"
        return generate.clone_of(generate.store(runs, self.cache), path)

    def environment(self, **more: str) -> dict[str, str]:
        """No settings of the user's own, one fixed identity."""
        kept = ("PATH", "TMPDIR", "LANG", "LD_LIBRARY_PATH")
        who = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "Ada Bench"), ("EMAIL", "ada@example.org"))
        }
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        sealed = {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT)}
        return {
            **{key: os.environ[key] for key in kept if key in os.environ},
            **who,
            **sealed,
            **more,
        }


def cost(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], check: bool = True
) -> Cost:
    """Run a program to its end and return what it took, its children included."""
    began = time.perf_counter()
    child = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if check and child.returncode:
        raise RuntimeError(f"{' '.join(argv[:6])} ended with {child.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def side_by_side(
    commands: Mapping[str, Sequence[str]], cwd: Path, environment: Mapping[str, str], repeats: int
) -> dict[str, Cost]:
    """Median cost of each command, taken in turns so that a busy moment hits all alike."""
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for repeat in range(repeats + 1):
        for name, argv in commands.items():
            once = cost(argv, cwd, environment)
            if repeat:  # the first one warms the disk cache and writes byte code
                taken[name].append(once)
    return {
        name: Cost(
            statistics.median(one.wall for one in costs),
            statistics.median(one.cpu for one in costs),
            max(one.memory for one in costs),
        )
        for name, costs in taken.items()
    }


def worker(place: Place, name: str, cwd: Path, /, **arguments: Any) -> dict[str, Any]:
    """What a function of `tests.bench.workers` reports, run in a process of its own."""
    argv = [sys.executable, "-m", "tests.bench.workers", name, json.dumps(arguments)]
    return answer(argv, cwd, place.environment())


def answer(argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """The JSON that a program prints as its last line."""
    done = subprocess.run(
        list(argv),
        cwd=cwd,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(argv[:4])} ended with {done.returncode}:\n{done.stderr[-3000:]}"
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median_of(repeats: int, action: Callable[[], object]) -> float:
    """Median seconds of an action."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
