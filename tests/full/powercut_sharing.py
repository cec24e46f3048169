"""Power cuts while a clone pulls and pushes: the hub and a colleague are on another disk.

After each cut the clone is whole, has everything that a finished sync had brought or sent, and
the next sync works with no hand on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.full.powercut import environment, image, mounted, new_repository, shut_down
from tests.full.step import Outcome, Result

CUTS = 24

SHARER = """
import os, sys, time
import mlgit
from mlgit.sharing.push import push
from mlgit.sharing.sync import sync
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
acknowledged = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def recorded(path, name):
    os.chdir(path)
    with mlgit.start_run(run_name=name) as run:
        mlgit.log_metrics({"acc": 0.5, "loss": 0.25})
    return run.info.run_id
here, there, number = os.getcwd(), sys.argv[2], time.time_ns()
while True:
    number += 1
    ids = [recorded(there, f"theirs-{number}")]
    with Store.open() as store:
        push(store, transport_of(store))
    ids.append(recorded(here, f"ours-{number}"))
    with Store.open() as store:
        sync(store, transport_of(store))
    os.write(acknowledged, f"{','.join(ids)} {time.monotonic()}\\n".encode())
"""

READER = """
import mlgit
print("\\n".join(run.info.run_id for run in mlgit.search_runs(
    search_all_experiments=True, max_results=1000000, output_format="list")))
"""


@dataclass
class Tally:
    """What all cuts together showed."""

    runs: int = 0
    lost: int = 0
    damaged: int = 0
    stuck: int = 0


def step() -> Outcome:
    """The plug is pulled while a clone pulls and pushes."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return Outcome(Result.SKIPPED, "needs root on Linux")
    tally = Tally()
    with tempfile.TemporaryDirectory() as made:
        scratch = Path(made)
        try:
            with mounted(image(scratch), scratch) as place:
                _prepare(scratch, place)
        except (OSError, subprocess.CalledProcessError) as error:
            return Outcome(Result.SKIPPED, f"no loop device can be mounted here: {error}")
        for cut in range(CUTS):
            _cut_once(scratch, seconds=0.4 + 0.37 * cut % 1.9, tally=tally)
    kept = not (tally.lost or tally.damaged or tally.stuck)
    figures = (
        f"{CUTS} cuts: {tally.lost} of {tally.runs} synced runs lost, {tally.damaged} repositories "
        f"damaged, {tally.stuck} next syncs refused"
    )
    return Outcome(Result.PASSED if kept else Result.FAILED, figures)


def _prepare(scratch: Path, place: Path) -> None:
    new_repository(place)
    project, hub = place / "project", scratch / "hub.git"
    env = environment(scratch)
    commands = (
        ["git", "-C", str(project), "commit", "-q", "--allow-empty", "-m", "first"],
        ["git", "init", "-q", "--bare", str(hub)],
        ["git", "-C", str(project), "remote", "add", "origin", str(hub)],
        ["git", "-C", str(project), "push", "-q", "origin", "HEAD", "mlgit"],
        ["git", "clone", "-q", str(hub), str(scratch / "colleague")],
    )
    for argv in commands:
        subprocess.run(argv, env=env, check=True)
    os.sync()


def _cut_once(scratch: Path, seconds: float, tally: Tally) -> None:
    acknowledged = scratch / "acknowledged"
    acknowledged.unlink(missing_ok=True)
    with mounted(scratch / "disk.img", scratch) as place:
        sharer = subprocess.Popen(
            [sys.executable, "-c", SHARER, str(acknowledged), str(scratch / "colleague")],
            cwd=place / "project",
            env=environment(scratch),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not acknowledged.exists() and sharer.poll() is None:
            time.sleep(0.01)
        time.sleep(seconds)
        moment = shut_down(place)
        os.killpg(sharer.pid, 9)
        sharer.wait()
        time.sleep(0.3)  # until the children of the killed have let go of the disk
    with mounted(scratch / "disk.img", scratch) as place:
        _judge(scratch, place / "project", moment, tally)


def _judge(scratch: Path, project: Path, moment: float, tally: Tally) -> None:
    lines = [line.split() for line in (scratch / "acknowledged").read_text().splitlines()]
    synced = {run for ids, at in lines if float(at) <= moment for run in ids.split(",")}
    found = set(_said(scratch, project, sys.executable, "-c", READER).split())
    tally.runs += len(synced)
    tally.lost += len(synced - found)
    for path in (project, scratch / "hub.git"):
        tally.damaged += not _works(scratch, path, "git", "fsck", "--full", "--strict")
    tally.stuck += not _works(scratch, project, sys.executable, "-m", "mlgit", "sync", "-q")


def _works(scratch: Path, where: Path, *argv: str) -> bool:
    done = subprocess.run(
        argv, cwd=where, env=environment(scratch), capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stdout.write(f"{' '.join(argv[-3:])} in {where.name}: {done.stderr[-1500:]}\n")
    return done.returncode == 0


def _said(scratch: Path, where: Path, *argv: str) -> str:
    done = subprocess.run(
        argv, cwd=where, env=environment(scratch), capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stderr[-1500:] if done.returncode else "")
    return done.stdout
