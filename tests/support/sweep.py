"""Kill a command at each call by which it changes the disk, and look at what is left.

    def oracle(place: Path, point: KillPoint) -> None: ...   # asserts
    killed = sweep(prepared, [sys.executable, "-c", "…"], oracle, sample=8)

`strace` lists the calls of one undisturbed run that touch the copy of `prepared`, then one copy
after the other is worked on by a command that dies with SIGKILL just before that call.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

_CHANGING = (
    "openat,mkdir,mkdirat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,"
    "linkat,symlink,symlinkat,unlink,unlinkat,rmdir,chmod,fchmod,fchmodat,utimensat,ftruncate,"
    "truncate,fallocate"
)
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
_TIMEOUT = 60.0  # seconds for one run of the command


@dataclass(frozen=True)
class KillPoint:
    """The `number`-th time that the command makes this system call, and what it is about."""

    call: str
    number: int
    about: str


def require_strace() -> None:
    """Skip the test where calls cannot be traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("strace may not trace here")


def kill_points(
    place: Path, argv: Sequence[str], cwd: Path, *, alone: bool = False
) -> list[KillPoint]:
    """The changing calls on files below `place` that an undisturbed run makes."""
    log = place.with_name(f"{place.name}.trace")
    trace = ["strace", *_followed(alone), "-y", "-s", "256", "-e", f"trace={_CHANGING}"]
    done = subprocess.run(
        [*trace, "-o", str(log), *argv],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    counts: Counter[tuple[str, str]] = Counter()
    points = []
    for line in log.read_text("utf-8", "replace").splitlines():
        found = _LINE.match(line if not alone else f"0 {line}")
        if found is None:
            continue
        thread, call, about = found.groups()
        counts[thread, call] += 1
        if str(place) in about and _changes(call, about):
            points.append(KillPoint(call, counts[thread, call], about.replace(str(place), "")))
    log.unlink()
    return points


def _environment() -> dict[str, str]:
    """Each run makes the same calls: the first of a new checkout keeps no compiled modules."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def _followed(alone: bool) -> list[str]:
    return [] if alone else ["-f"]


def _changes(call: str, about: str) -> bool:
    return call != "openat" or "O_CREAT" in about or "O_TRUNC" in about


def sweep(
    prepared: Path,
    argv: Sequence[str],
    oracle: Callable[[Path, KillPoint], None],
    *,
    sample: int | None = None,
    place: Path | None = None,
    alone: bool = False,
) -> int:
    """Kill `argv`, run inside a copy of `prepared`, at each changing call; how often it was hit.

    Args:
        prepared: A repository (or any folder) that the command works on; it is only copied.
        argv: The command; its current folder is the copy.
        oracle: Called with the copy after each kill; raises where something is wrong.
        sample: At how many calls, spread evenly, instead of at all.
        place: Where the copy is made; beside `prepared` when None.
        alone: Kill only the command itself; programs that it started go on to their end.
    """
    require_strace()
    place = place or prepared.with_name(f"{prepared.name}-killed")
    _copy(prepared, place)
    points = kill_points(place, argv, place, alone=alone)
    assert points, "the command changes nothing"
    if sample is not None and sample < len(points):
        points = [points[len(points) * rank // sample] for rank in range(sample)]
    killed = 0
    for point in points:
        _copy(prepared, place)
        killed += _run_until(point, argv, place, alone)
        try:
            oracle(place, point)
        except AssertionError as error:
            raise AssertionError(f"after a kill before {point}: {error}") from error
    shutil.rmtree(place)
    return killed


def _copy(prepared: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(prepared, place, symlinks=True)


def _run_until(point: KillPoint, argv: Sequence[str], place: Path, alone: bool) -> bool:
    """Whether the kill came before the command was done."""
    inject = f"inject={point.call}:signal=KILL:when={point.number}"
    trace = [
        "strace",
        *_followed(alone),
        "-o",
        os.devnull,
        "-e",
        f"trace={point.call}",
        "-e",
        inject,
    ]
    done = subprocess.run(
        [*trace, *argv],
        cwd=place,
        env=_environment(),
        capture_output=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return done.returncode != 0
