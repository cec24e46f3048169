"""What it costs to bring stores together: merge, push, fetch, many pushers, a new clone."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from mlgit.git.oid import Oid
from mlgit.store.merge.trees import merge_trees
from mlgit.store.store import Store
from tests.bench import team
from tests.bench.line import Bar, Line, Other, at_most
from tests.bench.place import LARGE, MIDDLE, SMALL, Place, cost, median_of, worker

MLGIT = (sys.executable, "-m", "mlgit")
PER_COMMIT = 100  # runs in one commit where there are thousands, as `mlgit flush` makes them


def merges(place: Place) -> Iterator[Line]:
    """Two clones with new runs each, as the size of the store and of the change grows."""
    for runs in (SMALL, MIDDLE, LARGE) if not place.quick else (100,):
        for new in (1, 100, 1_000) if runs == LARGE else (place.size(100, 10),):
            yield _merge(place, runs, new)


def _merge(place: Place, runs: int, new: int) -> Line:
    path = place.store(runs)
    base = team.git(path, "rev-parse", team.BRANCH)
    sides = []
    for seed in (1, 2):
        team.git(path, "update-ref", team.BRANCH, base)
        team.add_runs(path, new, seed=seed, per_commit=PER_COMMIT)
        sides.append(team.git(path, "rev-parse", team.BRANCH))
    floor = median_of(3, lambda: team.git(path, "merge-tree", "--write-tree", *sides))
    with Store.open(path) as store:
        objects = store.repository.objects
        trees = [objects.commit(Oid(side.encode())).tree for side in (base, *sides)]

        def merge() -> None:
            merge_trees(objects, *trees, landed=trees[-1])

        merge()
        ours = median_of(5, merge)
    name = f"merge of {new:,} + {new:,} new runs into {runs:,}"
    bar = at_most(0.2, ours, "s") if (runs, new) == (LARGE, 1_000) else None
    return Line(name, ours, "s", Other("git merge-tree", floor), bar)


def transfers(place: Place) -> Iterator[Line]:
    """Push to a folder and fetch from it, as it comes and by git, beside plain git's own."""
    runs = place.size(LARGE, 100)
    for new in (1, 100, 10_000) if not place.quick else (1, 10):
        yield from _pushes(place, runs, new)
        yield from _fetches(place, runs, new)
    if not place.quick:
        yield from _fetches(place, runs, 1_000)


def _pushes(place: Place, runs: int, new: int) -> Iterator[Line]:
    shared = team.hub(place, runs)
    path = team.member(place, runs, shared)
    base = team.git(path, "rev-parse", team.BRANCH)
    team.add_runs(path, new, seed=3, per_commit=1 if new <= 100 else PER_COMMIT)
    ways = {"": MLGIT, "git": MLGIT, "plain": ("git", "push", "-q", "origin", "mlgit")}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(4 if new <= 100 else 1):
        for way, argv in ways.items():
            team.git(shared, "update-ref", team.BRANCH, base)
            team.git(path, "update-ref", team.TRACKED, base)
            command = argv if way == "plain" else (*argv, "push", "-q")
            once = cost(command, path, place.environment(MLGIT_TRANSPORT=way)).wall
            taken[way] += [once] if repeat or new > 100 else []
    yield from _beside_plain(f"push of {_runs(new)} on {runs:,}", taken, new == 1)


def _fetches(place: Place, runs: int, new: int) -> Iterator[Line]:
    shared = team.hub(place, runs)
    path = team.member(place, runs, shared)
    newer = team.again(path, place.folder("newer") / "project")
    team.add_runs(newer, new, seed=4, per_commit=1 if new <= 100 else PER_COMMIT)
    team.git(newer, "push", "-q", "origin", "mlgit")
    plain = ("git", "fetch", "-q", "origin", f"+{team.BRANCH}:{team.TRACKED}")
    ways = {"": MLGIT, "git": MLGIT, "plain": plain}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(3 if new <= 1_000 else 1):
        for way, argv in ways.items():
            target = team.again(path, place.scratch / "fetching")
            command = argv if way == "plain" else (*argv, "pull", "-q")
            taken[way].append(cost(command, target, place.environment(MLGIT_TRANSPORT=way)).wall)
    yield from _beside_plain(f"fetch of {_runs(new)} to {runs:,}", taken, False, new == 1_000)


def _beside_plain(
    name: str, taken: dict[str, list[float]], half_a_second: bool, nearly_plain: bool = False
) -> Iterator[Line]:
    middle = {way: sorted(one)[len(one) // 2] for way, one in taken.items()}
    floor = Other("plain git", middle["plain"])
    bar = at_most(0.5, middle[""], "s") if half_a_second else None
    if nearly_plain:
        bar = Bar("≤ 1.5 x plain git", middle[""] <= 1.5 * floor.figure)
    yield Line(name, middle[""], "s", floor, bar)
    yield Line(f"{name}, by the git program", middle["git"], "s", floor)


def _runs(count: int) -> str:
    return f"{count:,} new run{'s' * (count > 1)}"


def pushers(place: Place) -> Iterator[Line]:
    """Sixteen clones that push three times each, all at once."""
    many, rounds = place.size(16, 4), 3
    runs = place.size(SMALL, 100)
    shared = team.hub(place, runs)
    start = place.scratch / "start"
    started = []
    for seed in range(many):
        path = team.member(place, runs, shared)
        asked = json.dumps({"rounds": rounds, "start": str(start), "seed": seed})
        argv = [sys.executable, "-m", "tests.bench.team", "pushed_three_times", asked]
        started.append(
            subprocess.Popen(
                argv, cwd=path, env=place.environment(), stdout=subprocess.PIPE, text=True
            )
        )
    time.sleep(3)  # until all have imported what they need
    start.touch()
    found = [json.loads(child.communicate(timeout=600)[0]) for child in started]
    attempts = [*chain.from_iterable(one["attempts"] for one in found)]
    seconds = sorted(chain.from_iterable(one["seconds"] for one in found))
    each = sum(attempts) / len(attempts)
    name = f"{many} clones x {rounds} pushes"
    fewer = Bar("< 1.5 a push", each < 1.5)
    yield Line(f"{name}, attempts", each, "a push", None, fewer)
    yield Line(f"{name}, the slowest of ten", seconds[int(len(seconds) * 0.9)], "s")
    yield _lost(place, shared, runs, len(attempts), name)


def _lost(place: Place, shared: Path, runs: int, pushes: int, name: str) -> Line:
    path = team.member(place, runs, shared)
    cost((*MLGIT, "sync", "-q"), path, place.environment())
    with Store.open(path) as store:
        arrived = sum(1 for _ in store.snapshot().run_folders()) - runs
    lost = pushes - arrived
    return Line(f"{name}, lost", lost, "runs", None, Bar("none", lost == 0))


def spools(place: Place) -> Iterator[Line]:
    """The runs of jobs without locks, landed by one command."""
    runs = place.size(1_000, 20)
    where, spool = place.store(place.size(SMALL, 100)), place.folder("spool")
    one_by_one = sum(worker(place, "small_runs", where, count=runs)["runs"])
    worker(place, "spooled", where, count=runs, spool=str(spool))
    ours = worker(place, "flushed", where, spool=str(spool))
    floor = Other("published one by one", one_by_one)
    yield Line(f"mlgit flush of {runs:,} runs", ours["seconds"], "s", floor)
    yield Line(f"mlgit flush of {runs:,} runs, memory", ours["memory"] / 1e6, "MB")


def clones(place: Place) -> Iterator[Line]:
    """A new clone, and the first search in it."""
    for runs in (MIDDLE, LARGE) if not place.quick else (100,):
        shared = team.hub(place, runs)
        team.git(shared, "repack", "-q", "-a", "-d", "-b")  # as a forge keeps it
        where = place.folder("clones")
        commands = {"plain": ("git", "clone", "-q"), "ours": (*MLGIT, "clone", "-q")}
        taken = {
            way: cost((*argv, shared.as_uri(), way), where, place.environment()).wall
            for way, argv in commands.items()
        }
        floor = Other("git clone", taken["plain"])
        yield Line(f"mlgit clone of {runs:,} runs, searchable", taken["ours"], "s", floor)
        for way, title in (("ours", "after mlgit clone"), ("plain", "after git clone")):
            first = worker(place, "search", where / way, repeats=1)["first"]
            yield Line(f"first search of {runs:,} runs {title}", first, "s")
