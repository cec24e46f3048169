"""What MLflow's own client and server cost on mlgit and on MLflow's SQLite: the same calls."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import generate, peer
from tests.bench.line import Bar, Line, Other
from tests.bench.place import LARGE, MIDDLE, ROOT, SMALL, Place, answer

SCRIPT = Path(__file__).with_name("bridge_script.py")
_PATIENCE = 120.0  # seconds for a server to start
_FAR = 10_000  # runs from which a search is to be five times faster


def bridge(place: Place) -> Iterator[Line]:
    """Logging, searching in three sizes, and the server's answers."""
    ours, theirs = place.folder("ours"), place.folder("theirs")
    subprocess.run([sys.executable, "-m", "mlgit", "init", "-q"], cwd=_repository(ours), check=True)
    yield from _side_by_side(place, "writing", f"mlgit:{ours}", f"sqlite:///{theirs}/mlflow.db")
    for size in [SMALL, MIDDLE, LARGE] if not place.quick else [100]:
        where, copy = place.store(size), _copy(place, size)
        yield from _side_by_side(place, "reading", f"mlgit:{where}", f"sqlite:///{copy}", size)
    size = place.size(MIDDLE, 100)
    with (
        _server(place, f"mlgit:{place.store(size)}") as first,
        _server(place, f"sqlite:///{_copy(place, size)}") as second,
    ):
        yield from _side_by_side(place, "serving", first, second, size)


def _side_by_side(place: Place, name: str, ours: str, theirs: str, size: int = 0) -> Iterator[Line]:
    mine, other = (_asked(place, name, uri) for uri in (ours, theirs))
    among = f", {size:,} runs" if size else ""
    for row, taken in mine.items():
        wanted = 5 if size >= _FAR and name == "reading" else 1
        bar = Bar("faster" if wanted == 1 else f"{wanted} x faster", taken * wanted < other[row])
        yield Line(f"{row}{among}", taken, "ms", Other("MLflow's sqlite", other[row]), bar)


def _asked(place: Place, name: str, uri: str) -> dict[str, float]:
    argv = [_python(place), "-W", "ignore", str(SCRIPT), name, uri]
    return {row: float(taken) for row, taken in answer(argv, ROOT, _environment(place)).items()}


def _python(place: Place) -> str:
    """A Python with MLflow and the checkout's mlgit."""
    return str(peer.install(place, "bridge", "-e", f"{ROOT}[mlflow]") / "bin" / "python")


def _environment(place: Place) -> dict[str, str]:
    found = place.environment(
        MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"
    )
    home = Path(_python(place)).parent
    return {**found, "PATH": f"{home}{os.pathsep}{found['PATH']}", "PYTHONPATH": ""}


def _repository(path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


def _copy(place: Place, size: int) -> Path:
    """The store of that size as MLflow's database; made once and kept in the cache."""
    copy = place.cache / f"{generate.store(size, place.cache).name}.db"
    if not copy.exists():
        where = place.store(size)
        partial = copy.with_suffix(".part.db")
        partial.unlink(missing_ok=True)
        argv = [_python(place), "-m", "mlgit", "-C", str(where)]
        subprocess.run(
            [*argv, "export", "mlflow", f"sqlite:///{partial}"],
            check=True,
            env=_environment(place),
            stderr=subprocess.DEVNULL,
        )
        partial.rename(copy)
    return copy


@contextmanager
def _server(place: Place, uri: str) -> Iterator[str]:
    """MLflow's server on a store, with the workers it takes by itself."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [_python(place), "-m", "mlflow", "server", "--backend-store-uri", uri]
    with subprocess.Popen(
        [*argv, "--port", str(port)],
        cwd=place.scratch,
        env=_environment(place),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()


def _wait_for(url: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not _answers(url):
        if time.monotonic() > until:
            raise TimeoutError(f"no server at {url}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except OSError:
        return False
