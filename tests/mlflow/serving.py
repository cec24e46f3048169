"""MLflow's server on any store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_PATIENCE = 90.0  # seconds until the server answers
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextmanager
def server(store: str, log: Path, *options: str, workers: int = 2) -> Iterator[str]:
    """The address of a server over the store of that address, which writes to `log`."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    argv = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
    argv += ["--workers", str(workers), "--backend-store-uri", store, *options]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, **QUIET, "PATH": path}
    with log.open("wb") as file:
        child = subprocess.Popen(argv, env=env, stdout=file, stderr=file, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, child)
            yield url
        finally:
            os.killpg(child.pid, 15)
            child.wait(30)
    assert b"Traceback" not in log.read_bytes()


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and child.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=2):
            return
        time.sleep(0.2)
    pytest.fail("the server did not answer")
