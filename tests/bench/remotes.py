"""What it costs to bring artifacts to a remote and back: moto's S3 server, by us and by others."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import dvc, peer, team
from tests.bench.line import Bar, Line, Other
from tests.bench.place import Place, answer, cost

MLGIT = (sys.executable, "-m", "mlgit")
SMALL = 20_000  # bytes of a small file
BUCKET = "bench"
NAMES = {"up": "upload", "down": "download"}
CHECKED = {"up": "S3 checks each sha256", "down": "hashed here"}


class Server(NamedTuple):
    """A running S3 server: what its clients' environment needs, and its process."""

    env: dict[str, str]
    pid: int

    def worked(self) -> float:
        """Seconds of a processor that it has used."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / 100

    def forget(self) -> None:
        """Drop all objects and buckets."""
        asked = urllib.request.Request(f"{self.env['AWS_ENDPOINT_URL']}/moto-api/reset", b"")
        urllib.request.urlopen(asked, timeout=60).close()


def remotes(place: Place) -> Iterator[Line]:
    """1,000 small files and a big one to an S3 server and back, then the same by MLflow and dvc."""
    with moto(place) as server:
        count = place.size(1_000, 20)
        small = _files(place, count, SMALL)
        yield from _beside_bare(place, server, small, f"{count:,} files of 20 kB", 3)
        size = place.size(512, 4)
        big = _files(place, 1, size << 20)
        yield from _beside_bare(place, server, big, f"one file of {size} MiB", 1)
        if place.peer:
            yield from _beside_peers(place, server, small, f"{count:,} files of 20 kB")


def _files(place: Place, count: int, size: int) -> Path:
    folder = place.folder("files")
    _worker(place, {}, "make", folder=str(folder), count=count, size=size)
    return folder


def _beside_bare(
    place: Place, server: Server, files: Path, what: str, repeats: int
) -> Iterator[Line]:
    taken: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    for repeat in range(repeats):
        for way in sorted(taken, reverse=bool(repeat % 2)):
            taken[way].append(_once(place, server, files, way))
    middle = {
        way: {key: statistics.median(one[key] for one in runs) for key in runs[0]}
        for way, runs in taken.items()
    }
    ours, bare = middle["ours"], middle["bare"]
    for way, name in NAMES.items():
        floor = Other("s3fs alone, not verified", bare[way])
        bar = Bar("≤ 1.2 x s3fs", ours[way] <= 1.2 * bare[way])
        yield Line(f"{name} of {what}, {CHECKED[way]}", ours[way], "s", floor, bar)
        most = Other("s3fs alone", bare[f"{way}_memory"] / 1e6)
        yield Line(f"{name} of {what}, memory", ours[f"{way}_memory"] / 1e6, "MB", most)
    served = Other("s3fs alone", bare["server"])
    yield Line(f"{what}, both ways, the server's own work", ours["server"], "s", served)


def _once(place: Place, server: Server, files: Path, way: str) -> dict[str, float]:
    """There and back by one of the workers, from an empty bucket to an empty folder."""
    server.forget()
    _worker(place, server.env, "bucket", name=BUCKET)
    before, target = server.worked(), place.folder("came")
    asked = {"url": f"s3://{BUCKET}/store", "source": str(files), "target": str(target)}
    found = _worker(place, server.env, way, **asked)
    return {**found, "server": server.worked() - before}


def _worker(place: Place, env: Mapping[str, str], name: str, /, **arguments: Any) -> dict[str, Any]:
    argv = [sys.executable, "-m", "tests.bench.transfer", name, json.dumps(arguments)]
    return answer(argv, place.scratch, place.environment(**env))


def _beside_peers(place: Place, server: Server, files: Path, what: str) -> Iterator[Line]:
    ours = _commands(place, server, files)
    asked = {"folder": str(files / "plain"), "target": str(place.folder("came"))}
    server.forget()
    _worker(place, server.env, "bucket", name=BUCKET)
    theirs = peer.ask(place, "artifacts", "sqlite", place.folder("peer"), server.env, **asked)
    server.forget()
    _worker(place, server.env, "bucket", name=BUCKET)
    others = dvc.measure(place, files / "plain", f"s3://{BUCKET}/dvc", server.env)
    for way, name in {"up": "mlgit push", "down": "mlgit artifact get"}.items():
        bar = Bar("≤ dvc push / 3", ours[way] * 3 <= others[way]) if way == "up" else None
        title = f"{name} of {what}"
        words = {"up": "dvc push", "down": "dvc pull"}[way]
        yield Line(title, ours[way], "s", Other(words, others[way]), bar)
        call = {"up": "log_artifacts", "down": "download_artifacts"}[way]
        yield Line(title, ours[way], "s", Other(f"MLflow {call}, the call alone", theirs[way]))


def _commands(place: Place, server: Server, files: Path) -> dict[str, float]:
    """Seconds of `mlgit push` of a run with these files, and of `artifact get` in a new clone."""
    server.forget()
    _worker(place, server.env, "bucket", name=BUCKET)
    where, env = place.folder("commands"), place.environment(**server.env)
    team.git(where, "init", "-q", "--bare", "-b", "main", "hub.git")
    team.git(where, "clone", "-q", "hub.git", "mine")
    mine, theirs = where / "mine", where / "theirs"
    for argv in (
        ("git", "commit", "-q", "--allow-empty", "-m", "first"),
        ("git", "push", "-q", "origin", "HEAD:main"),
        (*MLGIT, "init", "-q"),
        (*MLGIT, "config", "-q", "limits.inline_file", "0"),
        (*MLGIT, "remote", "add", "-q", "main", f"s3://{BUCKET}/mlgit"),
        (*MLGIT, "log-run", "-q", "--name", "many", "--artifact", str(files / "plain")),
    ):
        cost(argv, mine, env)
    taken = {"up": cost((*MLGIT, "push", "-q"), mine, env).wall}
    team.git(where, "clone", "-q", "hub.git", "theirs")
    argv = (*MLGIT, "artifact", "get", "-q", "many", "-o", str(place.folder("came")))
    return taken | {"down": cost(argv, theirs, env).wall}


@contextmanager
def moto(place: Place) -> Iterator[Server]:
    """An S3 server of moto's, in a process of its own, on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = {f"AWS_{key}": "test" for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    url = f"http://127.0.0.1:{port}"
    env = {**secret, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
    nothing = subprocess.DEVNULL
    argv = [sys.executable, "-m", "moto.server", "-p", str(port)]
    child = subprocess.Popen(argv, cwd=place.scratch, stdout=nothing, stderr=nothing)
    try:
        server = Server(env, child.pid)
        _until(server.forget)
        yield server
    finally:
        child.kill()
        child.wait()


def _until(answers: Callable[[], object]) -> None:
    for _ in range(200):
        with suppress(OSError):
            answers()
            return
        time.sleep(0.1)
    raise RuntimeError("moto's server does not answer; pip install 'moto[server]'")
