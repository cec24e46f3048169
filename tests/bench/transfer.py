"""Workers of `remotes`, each a process of its own: files to an S3 server and back, by two ways.

python -m tests.bench.transfer WAY JSON
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORKERS = 8  # requests at a time, on either side


def ours(url: str, source: str, target: str) -> dict[str, float]:
    """`upload` of every file of `source`, then `download` into an empty cache."""
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remotes.opening import open_remote
    from mlgit.artifacts.transfer.download import download
    from mlgit.artifacts.transfer.upload import upload
    from mlgit.artifacts.transfer.values import Wanted

    held = ObjectCache(Path(source) / "objects")
    files = sorted((Path(source) / "objects").rglob("sha256/*/*/*"))
    wanted = [Wanted(file.name, file.stat().st_size) for file in files]
    remote, into = open_remote("main", url), ObjectCache(Path(target))
    taken = {"up": timed(lambda: whole(upload(wanted, held, remote, workers=WORKERS)))}
    taken |= {"up_memory": memory()}
    taken |= {"down": timed(lambda: whole(download(wanted, [remote], into, workers=WORKERS)))}
    return taken | {"down_memory": memory()}


def whole(moved: Any) -> None:
    """Stop a measurement of what did not work."""
    if not moved.complete:
        raise RuntimeError(f"not moved: {str(moved)[:500]}")


def bare(url: str, source: str, target: str) -> dict[str, float]:
    """s3fs alone: `_put_file` and `_get_file` of the same files; nothing is verified."""
    import fsspec
    from fsspec.asyn import _run_coros_in_chunks, sync

    system = fsspec.filesystem("s3", use_listings_cache=False, skip_instance_cache=True)
    root, files = url.removeprefix("s3://"), sorted(Path(source, "objects").rglob("sha256/*/*/*"))

    def transfer(one: Callable[[Path], Any]) -> None:
        coroutines = [one(file) for file in files]
        done = sync(system.loop, _run_coros_in_chunks, coroutines, batch_size=WORKERS)
        assert len(done) == len(files)

    def up(file: Path) -> Any:
        return system._put_file(str(file), f"{root}/{file.name}")

    def down(file: Path) -> Any:
        return system._get_file(f"{root}/{file.name}", str(Path(target) / file.name))

    taken = {"up": timed(lambda: transfer(up)), "up_memory": memory()}
    return taken | {"down": timed(lambda: transfer(down)), "down_memory": memory()}


def make(folder: str, count: int, size: int) -> dict[str, int]:
    """Files of random bytes in `plain/`, and the same ones as objects of a cache in `objects/`."""
    plain, objects = Path(folder, "plain"), Path(folder, "objects", "sha256")
    plain.mkdir(parents=True)
    for number in range(count):
        file, digest = plain / f"part-{number:04}.bin", hashlib.sha256()
        with file.open("wb") as out:
            for start in range(0, size, 1 << 20):
                piece = os.urandom(min(1 << 20, size - start))
                out.write(piece)
                digest.update(piece)
        name = digest.hexdigest()
        where = objects / name[:2] / name[2:4]
        where.mkdir(parents=True, exist_ok=True)
        os.link(file, where / name)
    return {"files": count}


def bucket(name: str) -> dict[str, str]:
    """Make one."""
    import fsspec

    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return {"made": name}


def timed(action: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def memory() -> float:
    """Bytes this process has held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(answer) + "\n")
