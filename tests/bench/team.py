"""Stores that several people have: a bare hub, clones of it, and what is new in each."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mlgit.store.store import Store
from tests.bench import generate
from tests.bench.place import Place

BRANCH = "refs/heads/mlgit"
TRACKED = "refs/remotes/origin/mlgit"
MINUTE = 60_000  # milliseconds


def git(where: Path, *arguments: str) -> str:
    """What git prints, run in a folder."""
    argv = ["git", "-C", str(where), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def hub(place: Place, runs: int) -> Path:
    """A bare repository with a store of that many runs."""
    source = generate.store(runs, place.cache)
    bare = place.folder("hub") / "hub.git"
    generate.clone_of(source / ".git", bare, objects=Path("objects"))
    git(bare, "config", "core.bare", "true")
    return bare


def member(place: Place, runs: int, shared: Path) -> Path:
    """A clone of the hub as it was with that many runs, its packs shared with nobody's harm."""
    path = place.store(runs)
    git(path, "remote", "add", "origin", str(shared))
    git(path, "update-ref", TRACKED, BRANCH)
    git(path, "config", "branch.mlgit.remote", "origin")
    git(path, "config", "branch.mlgit.merge", BRANCH)
    return path


def again(path: Path, target: Path) -> Path:
    """A copy of a member before it does anything, again with shared packs."""
    shutil.rmtree(target, ignore_errors=True)
    return generate.clone_of(path, target)


def add_runs(path: Path, count: int, *, seed: int, per_commit: int) -> None:
    """Record runs with the library's own commits, some in each."""
    chance = random.Random(seed)
    experiments = generate.experiments()
    with Store.open(path) as store:
        for first in range(0, count, per_commit):
            some = range(first, min(first + per_commit, count))
            with store.change(f"run: {len(some)} runs recorded") as change:
                for number in some:
                    start = generate.LAST + number * MINUTE
                    made = generate.made_run(chance, chance.choice(experiments), start)
                    for name, data in made.files.items():
                        change.put(f"{made.folder}/{name}", data)


def pushed_three_times(rounds: int, start: str, seed: int) -> dict[str, object]:
    """One of many pushers, started by a file that appears: attempts and seconds of each push."""
    from mlgit.sharing.push import push
    from mlgit.sharing.remotes import transport_of

    waited = time.monotonic()
    while not Path(start).exists():
        if time.monotonic() - waited > 120:
            raise TimeoutError("nobody gave the start")
        time.sleep(0.001)
    attempts, taken = [], []
    for number in range(rounds):
        add_runs(Path.cwd(), 1, seed=seed * 1000 + number, per_commit=1)
        with Store.open() as store:
            began = time.perf_counter()
            attempts.append(push(store, transport_of(store)).attempts)
            taken.append(time.perf_counter() - began)
    return {"attempts": attempts, "seconds": taken}


if __name__ == "__main__":
    result = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
