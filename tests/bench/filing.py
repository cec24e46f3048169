"""Workers of `files`, each a process of its own: `python -m tests.bench.filing NAME JSON`.

The floor is what a careful user types: `cp`, `sync` of every file and folder of the copy, which
calls fsync on each as mlgit does, and `sha256sum` of the copy. Both sides find the files in memory.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import mlgit

BLOCK = 1 << 20
PLAIN = 'cp -r "$1" "$2" && find "$2" -type f -print0 | xargs -0 sha256sum'
DURABLE = 'cp -r "$1" "$2" && find "$2" -print0 | xargs -0 sync &&'
DURABLE += ' find "$2" -type f -print0 | xargs -0 sha256sum'


def small(count: int, size: int, repeats: int) -> dict[str, float]:
    """Median seconds of `log_artifacts` of many new small files, and of copy + hash of them."""
    source = Path("source")
    taken: dict[str, list[float]] = {}
    with mlgit.start_run():
        mlgit.log_text("warm", "warm.txt")
        for repeat in range(repeats + 1):
            write_small(source, count, size)
            once = {"ours": _timed(lambda: mlgit.log_artifacts(source, "files"))}
            once |= {"again": _timed(lambda: mlgit.log_artifacts(source, "files"))}
            _add(taken, once | _floors(source), repeat)
        taken["ended"] = [_timed(mlgit.end_run)]
    return _medians(taken)


def large(size: int, repeats: int) -> dict[str, float]:
    """Median seconds of `log_artifact` of one new large file, and of copy + hash of it."""
    source = Path("model.bin")
    with source.open("wb") as file:
        for _ in range(size // BLOCK):
            file.write(os.urandom(BLOCK))
    objects = Path(".git/mlgit/data/objects/sha256")
    taken: dict[str, list[float]] = {}
    before = memory()
    with mlgit.start_run():
        mlgit.log_text("warm", "warm.txt")
        for _ in range(repeats):
            with source.open("r+b") as file:
                file.write(os.urandom(BLOCK))
                os.fsync(file.fileno())
            once = {"ours": _timed(lambda: mlgit.log_artifact(source))}
            peak = memory() - before
            once |= {"again": _timed(lambda: mlgit.log_artifact(source))}
            shutil.rmtree(objects)
            _add(taken, once | _floors(source), 1)
    return {**_medians(taken), "memory": peak}


def checkpoints(count: int, files: int, size: int) -> dict[str, float]:
    """Bytes logged over bytes kept for checkpoints of which all files but one stay the same."""
    folder = Path("checkpoint")
    write_small(folder, files, size)
    mlgit.set_experiment("one")
    with mlgit.start_run():
        for step in range(count):
            if step == count // 2:
                mlgit.end_run()
                mlgit.set_experiment("two")
                mlgit.start_run()
            (folder / "0" / "0.bin").write_bytes(os.urandom(size))
            mlgit.log_artifacts(folder, f"checkpoint-{step}")
    objects = Path(".git/mlgit/data/objects/sha256").rglob("*")
    kept = sum(file.stat().st_size for file in objects if file.is_file())
    return {"ratio": count * files * size / kept}


def write_small(folder: Path, count: int, size: int) -> None:
    """Many files of new random bytes, a hundred in a folder, on disk."""
    for number in range(count):
        path = folder / str(number // 100) / f"{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    os.sync()


def memory() -> int:
    """Most bytes of memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _floors(source: Path) -> dict[str, float]:
    return {"durable": _shell(DURABLE, source), "plain": _shell(PLAIN, source)}


def _shell(script: str, source: Path) -> float:
    target = Path("copy")
    argv = ["sh", "-c", script, "sh", str(source), str(target)]
    took = _timed(lambda: subprocess.run(argv, check=True, stdout=subprocess.DEVNULL))
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    os.sync()
    return took


def _timed(action: Any) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _add(taken: dict[str, list[float]], once: dict[str, float], repeat: int) -> None:
    for name, seconds in once.items() if repeat else ():  # the first one warms up
        taken.setdefault(name, []).append(seconds)


def _medians(taken: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(one) for name, one in taken.items()}


if __name__ == "__main__":
    result = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")
