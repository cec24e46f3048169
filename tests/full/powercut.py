"""Power cuts: a file system on a loop device is shut down without a flush while we write to it.

What the journal of the file system had not written is gone, as if the plug had been pulled. Then
it is mounted again, and everything that had been acknowledged must be there.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.full.step import ROOT, Outcome, Result

CUTS = 36
IMAGE_BYTES = 256 << 20
SAFE_AFTER = 1.0  # seconds after which a returned point must survive
_SHUT_DOWN = 0x8004587D  # FS_IOC_SHUTDOWN of ext4, xfs, f2fs, btrfs
_WITHOUT_FLUSH = struct.pack("I", 2)

WRITER = """
import os, sys, time
import mlgit
acknowledged = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def say(text):
    os.write(acknowledged, f"{text} {time.monotonic()}\\n".encode())
mlgit.set_experiment("cut")
number = 0
while True:
    with mlgit.start_run(run_name=f"run-{number}") as run:
        for step in range(120):
            mlgit.log_metric("loss", 1 / (step + 1), step=step)
            say(f"point {run.info.run_id} {step}")
            time.sleep(0.002)
    say(f"run {run.info.run_id}")
    number += 1
"""

READER = """
import json
import mlgit
from mlgit.runs.recover import recover
from mlgit.store.store import Store
with Store.open() as store:
    recover(store)
client = mlgit.MlgitClient()
found = {}
for run in mlgit.search_runs(experiment_names=["cut"], max_results=100000, output_format="list"):
    history = client.get_metric_history(run.info.run_id, "loss")
    found[run.info.run_id] = [run.info.status, [point.step for point in history]]
print(json.dumps(found))
"""


@dataclass
class Tally:
    """What all cuts together showed; `oldest` is the age in seconds of the oldest lost point."""

    runs: int = 0
    points: int = 0
    lost_runs: int = 0
    lost_points: int = 0
    oldest: float = 0.0
    broken: int = 0


def step() -> Outcome:
    """The plug is pulled while runs are logged and published."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return Outcome(Result.SKIPPED, "needs root on Linux")
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with mounted(image(Path(scratch)), Path(scratch)) as place:
                new_repository(place)
        except (OSError, subprocess.CalledProcessError) as error:
            return Outcome(Result.SKIPPED, f"no loop device can be mounted here: {error}")
        for cut in range(CUTS):
            _cut_once(Path(scratch), seconds=1.0 + 0.37 * cut % 2.5, tally=tally)
    kept = not (tally.lost_runs or tally.broken or tally.oldest > SAFE_AFTER)
    figures = (
        f"{CUTS} cuts: {tally.lost_runs} of {tally.runs} finished runs lost, "
        f"{tally.lost_points} of {tally.points} points lost, the oldest {tally.oldest:.2f} s old, "
        f"{tally.broken} repositories damaged"
    )
    return Outcome(Result.PASSED if kept else Result.FAILED, figures)


def _cut_once(scratch: Path, seconds: float, tally: Tally) -> None:
    acknowledged = scratch / "acknowledged"
    acknowledged.unlink(missing_ok=True)
    with mounted(scratch / "disk.img", scratch) as place:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(acknowledged)],
            cwd=place / "project",
            env=environment(scratch),
            stderr=subprocess.DEVNULL,
        )
        while not acknowledged.exists() and writer.poll() is None:
            time.sleep(0.01)
        time.sleep(seconds)
        moment = shut_down(place)
        writer.kill()
        writer.wait()
    with mounted(scratch / "disk.img", scratch) as place:
        _judge(scratch, place / "project", moment, tally)


def shut_down(place: Path) -> float:
    """Stop the file system at once; the moment before it was asked to."""
    handle = os.open(place, os.O_RDONLY)
    try:
        moment = time.monotonic()
        fcntl.ioctl(handle, _SHUT_DOWN, _WITHOUT_FLUSH)
    finally:
        os.close(handle)
    return moment


def _judge(scratch: Path, project: Path, moment: float, tally: Tally) -> None:
    import json

    checked = subprocess.run(
        ["git", "fsck", "--full", "--strict"], cwd=project, capture_output=True, check=False
    )
    read = subprocess.run(
        [sys.executable, "-c", READER],
        cwd=project,
        env=environment(scratch),
        capture_output=True,
        text=True,
        check=False,
    )
    tally.broken += bool(checked.returncode or read.returncode)
    if read.returncode:
        sys.stdout.write(read.stderr[-2000:])
        return
    found = {run: (status, set(steps)) for run, (status, steps) in json.loads(read.stdout).items()}
    for line in (scratch / "acknowledged").read_text().splitlines():
        kind, run, *number, at = line.split()
        if float(at) > moment:
            continue
        status, steps = found.get(run, ("", set()))
        if kind == "run":
            tally.runs += 1
            tally.lost_runs += status != "FINISHED"
        else:
            tally.points += 1
            if int(number[0]) not in steps:
                tally.lost_points += 1
                tally.oldest = max(tally.oldest, moment - float(at))


def image(scratch: Path) -> Path:
    """A new disk in a file."""
    path = scratch / "disk.img"
    with path.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(path)], check=True)
    return path


def new_repository(place: Path) -> None:
    """A project with an empty store, safely on the disk."""
    project = place / "project"
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    code = "from mlgit.store.store import Store; Store.init()"
    subprocess.run([sys.executable, "-c", code], cwd=project, env=environment(place), check=True)
    os.sync()


@contextmanager
def mounted(disk: Path, scratch: Path) -> Iterator[Path]:
    """The disk in use, at a folder that it gives."""
    place = scratch / "mounted"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def environment(scratch: Path) -> dict[str, str]:
    """No settings of the user's own, one fixed identity."""
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    who = {f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")}
    mail = {f"GIT_{role}_EMAIL": "ada@example.org" for role in ("AUTHOR", "COMMITTER")}
    path = os.environ.get("PATH") or str(Path(shutil.which("git") or "/usr/bin/git").parent)
    return {**who, **mail, "PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT)}
