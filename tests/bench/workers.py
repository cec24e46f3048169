"""What we do, timed from inside a process of its own: `python -m tests.bench.workers NAME JSON`."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import mlgit
from tests.bench.place import cost

METRICS = ("acc", "loss", "f1", "auc", "precision", "recall", "val_loss", "val_acc", "time", "mem")
PARAMS = ("lr", "batch", "epochs", "opt", "seed", "dropout", "decay", "arch", "augment", "warmup")
FILTER = "metrics.acc > 0.9 and params.lr = '0.1'"
BLOCK = 1000


def log_metric(calls: int) -> dict[str, float]:
    """Seconds of one call, and of one plain `write` of as many bytes; medians by blocks."""
    line = b"loss 1700000000000 12345 0.12345678\n"
    with mlgit.start_run():
        return _beside_writes(calls, BLOCK, line, lambda n: mlgit.log_metric("loss", n / 7, n))


def log_metrics(calls: int) -> dict[str, float]:
    """Seconds of one call with 20 metrics, and of one plain `write` of as many bytes."""
    values = {f"metric_{rank}": rank / 7 for rank in range(20)}
    line = b"metric_12 1700000000000 12345 0.12345678\n" * 20
    with mlgit.start_run():
        return _beside_writes(calls, BLOCK // 10, line, lambda n: mlgit.log_metrics(values, n))


def _beside_writes(
    calls: int, block: int, line: bytes, action: Callable[[int], object]
) -> dict[str, float]:
    """Median seconds of an action and of a plain write, measured by turns in blocks."""
    ours, floor = [], []
    plain = os.open("floor.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    action(0)
    for first in range(1, calls, block):
        began = time.perf_counter()
        for number in range(first, first + block):
            action(number)
        turned = time.perf_counter()
        for _ in range(block):
            os.write(plain, line)
        ours.append((turned - began) / block)
        floor.append((time.perf_counter() - turned) / block)
    os.close(plain)
    return {"call": statistics.median(ours), "floor": statistics.median(floor)}


def killed(points: int) -> dict[str, Any]:
    """Log and die by SIGKILL in the very next instruction."""
    mlgit.set_experiment("killed")
    mlgit.start_run()
    for number in range(points):
        mlgit.log_metric("loss", 1 / (number + 1), step=number)
    os.kill(os.getpid(), 9)
    raise AssertionError("unreachable")


def survivors() -> dict[str, int]:
    """How many points of the killed run can be read by the next process."""
    from mlgit.runs.recover import recover
    from mlgit.store.store import Store

    with Store.open() as store:
        recover(store)
    (run,) = mlgit.search_runs(experiment_names=["killed"], output_format="list")
    history = mlgit.MlgitClient().get_metric_history(run.info.run_id, "loss")
    return {"points": len(history)}


def small_runs(count: int) -> dict[str, Any]:
    """Seconds of each of `count` small runs, of a plain write + fsync after each, and the syncs."""
    mlgit.set_experiment("churn")
    _small_run(0)
    taken, floor = [], []
    with Path("floor.txt").open("wb") as plain:
        for number in range(count):
            began = time.perf_counter()
            _small_run(number)
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
            plain.write(b"x" * 4096)
            plain.flush()
            os.fsync(plain.fileno())
            floor.append(time.perf_counter() - began)
    return {"runs": taken, "floor": floor, "syncs": _count_syncs(lambda: _small_run(count))}


def spooled(count: int, spool: str) -> dict[str, int]:
    """Record small runs into a spool."""
    os.environ["MLGIT_SPOOL"] = spool
    mlgit.set_experiment("churn")
    for number in range(count):
        _small_run(number)
    return {"runs": count}


def flushed(spool: str) -> dict[str, float]:
    """Seconds and bytes of memory that `mlgit flush` takes."""
    # From a small process: one that is forked off a big one counts as big itself.
    argv = [sys.executable, "-m", "mlgit", "flush", "-q", spool]
    done = cost(argv, Path.cwd(), os.environ)
    return {"seconds": done.wall, "memory": done.memory}


def _small_run(number: int) -> None:
    with mlgit.start_run(run_name=f"run-{number}"):
        mlgit.log_params(dict.fromkeys(PARAMS, number))
        mlgit.log_metrics(dict.fromkeys(METRICS[:5], number / 7), step=1)
        mlgit.set_tags({"stage": "dev", "gpu": "a100"})
        mlgit.log_text("the notes of a run\n", "notes.txt")


def _count_syncs(action: Callable[[], None]) -> int:
    """How often an action of this process forces something to disk."""
    calls = 0
    names = [name for name in ("fsync", "fdatasync") if hasattr(os, name)]
    kept = {name: getattr(os, name) for name in names}

    def counting(sync: Callable[[int], None]) -> Callable[[int], None]:
        def call(handle: int) -> None:
            nonlocal calls
            calls += 1
            sync(handle)

        return call

    for name, sync in kept.items():
        setattr(os, name, counting(sync))
    try:
        action()
    finally:
        for name, sync in kept.items():
            setattr(os, name, sync)
    return calls


def search(repeats: int) -> dict[str, Any]:
    """Seconds of the first search of this process, of later ones, and how many runs it found."""
    taken = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        found = _search()
        taken.append(time.perf_counter() - began)
    return {"first": taken[0], "warm": statistics.median(taken[1:]), "found": len(found)}


def _search() -> list[Any]:
    return list(
        mlgit.search_runs(
            search_all_experiments=True,
            filter_string=FILTER,
            order_by=["metrics.acc DESC"],
            max_results=100,
            output_format="list",
        )
    )


def refresh() -> dict[str, float]:
    """Seconds to bring the index up to the newest commit; imports are part of other figures."""
    from mlgit.search.index import Index
    from mlgit.store.store import Store

    for name in ("search.update", "records.run_yaml", "records.yaml_read"):
        import_module(f"mlgit.{name}")
    import_module("dulwich.objects")

    with Store.open() as store:
        index = Index(store)
        began = time.perf_counter()
        index.refresh()
        return {"seconds": time.perf_counter() - began}


def frame() -> dict[str, float]:
    """Seconds of all runs as a DataFrame in a new process, pandas' import included."""
    began = time.perf_counter()
    found = mlgit.search_runs(search_all_experiments=True, max_results=10_000_000)
    return {"seconds": time.perf_counter() - began, "rows": len(found)}


def history(points: int) -> dict[str, float]:
    """Seconds to log a history point by point, to publish it, and to read it as a DataFrame."""
    import_module("pandas")  # its import is no part of reading
    mlgit.set_experiment("long")
    began = time.perf_counter()
    run = mlgit.start_run()
    run_id = run.info.run_id
    for step in range(points):
        mlgit.log_metric("loss", 1 / (step + 1), step=step)
    logged = time.perf_counter() - began
    began = time.perf_counter()
    mlgit.end_run()
    ended = time.perf_counter() - began
    began = time.perf_counter()
    rows = len(_points_frame(run_id))
    return {"logged": logged, "ended": ended, "read": time.perf_counter() - began, "rows": rows}


def _points_frame(run_id: str) -> Any:
    from mlgit.artifacts.fetch import local_sources
    from mlgit.search.points import points_frame
    from mlgit.store.store import Store

    with Store.open() as store:
        snapshot = store.snapshot()
        (folder,) = snapshot.find_run(run_id)
        return points_frame(snapshot, folder, local_sources(store.data))


def concurrent(processes: int, runs: int) -> dict[str, float]:
    """`processes` writers of `runs` runs each: runs per second, slowest of a hundred, lost ones."""
    mlgit.set_experiment("many")
    context = get_context("spawn")
    barrier, results = context.Barrier(processes + 1), context.Queue()
    started = [
        context.Process(target=_writer, args=(barrier, results, runs)) for _ in range(processes)
    ]
    for child in started:
        child.start()
    barrier.wait()
    began = time.perf_counter()
    taken = sorted(one for _ in started for one in results.get())
    wall = time.perf_counter() - began
    for child in started:
        child.join()
    found = mlgit.search_runs(
        experiment_names=["many"], max_results=1_000_000, output_format="list"
    )
    lost = processes * (runs + 1) - len(found)
    return {"rate": len(taken) / wall, "p99": taken[int(len(taken) * 0.99)], "lost": lost}


def _writer(barrier: Barrier, results: Any, runs: int) -> None:
    mlgit.set_experiment("many")
    _small_run(0)  # a process imports what it needs with its first run; that is `processes`
    barrier.wait()
    taken = []
    for number in range(runs):
        began = time.perf_counter()
        _small_run(number)
        taken.append(time.perf_counter() - began)
    results.put(taken)


def disk(runs: int) -> dict[str, float]:
    """Bytes on disk that a small run adds once packed."""
    from mlgit.git.repack import repack
    from mlgit.store.store import Store

    mlgit.set_experiment("churn")
    with Store.open() as store:
        repack(store.repository)
        before = _bytes(Path(".git/objects"))
        for number in range(runs):
            _small_run(number)
        loose = _bytes(Path(".git/objects"))
        repack(store.repository)
        after = _bytes(Path(".git/objects"))
    return {"packed": (after - before) / runs, "loose": (loose - before) / runs}


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    result = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
