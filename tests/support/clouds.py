"""Real servers of artifact bytes on loopback: S3, Azure, Google Cloud Storage, ssh, LFS.

    with place("s3", tmp_path) as there:
        open_remote("main", there.url)      # under the environment there.env

A server that is not installed skips the test; `.ci/full clouds` installs all, and lets none skip.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.error import HTTPError

import pytest

from tests.support.lfs import lfs_server
from tests.support.servers import ssh_server

EVERYDAY = ("local", "memory", "lfs")
SERVERS = ("s3", "azure", "gcs", "ssh")
_LONGEST_START = 1200  # tenths of a second; all other processors may be at work
_ALL_REQUIRED = os.environ.get("MLGIT_TEST_CLOUDS") == "required"
_AZURITE_KEY = (  # the one that Azurite's documentation gives to all
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


class There(NamedTuple):
    """A place for a remote.

    Attributes:
        url: Where it is.
        env: What the environment of who uses it needs.
        folder: The folder behind it, where it is one.
    """

    url: str
    env: dict[str, str]
    folder: Path | None = None

    def below(self, name: str) -> There:
        """A place of its own within this one; an LFS store, which lists nothing, is one."""
        if self.url.startswith("lfs:"):
            return self
        if self.folder is None:
            return self._replace(url=f"{self.url}/{name}")
        (self.folder / name).mkdir()
        return self._replace(url=f"{self.url}/{name}", folder=self.folder / name)


@contextmanager
def place(kind: str, scratch: Path) -> Iterator[There]:
    """A new, empty place of one of the kinds."""
    with _PLACES[kind](scratch) as there:
        yield there


@contextmanager
def local(scratch: Path) -> Iterator[There]:
    """A folder, as of a mounted share."""
    folder = scratch / "mounted share"
    folder.mkdir()
    yield There(str(folder), {}, folder)


@contextmanager
def memory(scratch: Path) -> Iterator[There]:
    """A file system in this process."""
    yield There(f"memory://tests/{scratch.name}-{time.monotonic_ns()}", {})


@contextmanager
def lfs(scratch: Path) -> Iterator[There]:  # noqa: ARG001 - it keeps nothing on the disk
    """The LFS store of a git host."""
    with lfs_server() as served:
        yield There(f"lfs:{served.url}.git", {})


@contextmanager
def s3(scratch: Path) -> Iterator[There]:
    """A bucket of moto's S3."""
    _require("s3fs", "moto.server")
    port = _free_port()
    env = {
        "AWS_ACCESS_KEY_ID": "test-access-key",
        "AWS_SECRET_ACCESS_KEY": "test-secret-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
    }
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(argv, port, scratch):
        _ask("PUT", f"http://127.0.0.1:{port}/bucket")
        yield There("s3://bucket/team/artifacts", env)


@contextmanager
def gcs(scratch: Path) -> Iterator[There]:
    """A bucket of the emulator of Google Cloud Storage."""
    _require("gcsfs", "gcp_storage_emulator")
    port = _free_port()
    argv = [sys.executable, "-m", "gcp_storage_emulator", "start", "--host=127.0.0.1"]
    argv += [f"--port={port}", "--in-memory", "--default-bucket=bucket"]
    with _running(argv, port, scratch):
        env = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
        yield There("gs://bucket/team/artifacts", env)


@contextmanager
def azure(scratch: Path) -> Iterator[There]:
    """A container of Azurite."""
    _require("adlfs")
    program = shutil.which("azurite-blob", path=_azurite_path())
    if program is None:
        _missing("azurite")
    port = _free_port()
    argv = [program, "--silent", "--skipApiVersionCheck", "--inMemoryPersistence"]
    argv += ["--disableTelemetry", "--blobHost=127.0.0.1", f"--blobPort={port}"]
    settings = {
        "DefaultEndpointsProtocol": "http",
        "AccountName": "devstoreaccount1",
        "AccountKey": _AZURITE_KEY,
        "BlobEndpoint": f"http://127.0.0.1:{port}/devstoreaccount1",
    }
    words = "".join(f"{key}={value};" for key, value in settings.items())
    with _running(argv, port, scratch):
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(words) as client:
            client.create_container("container").close()
        yield There("az://container/team/artifacts", {"AZURE_STORAGE_CONNECTION_STRING": words})


@contextmanager
def ssh(scratch: Path) -> Iterator[There]:
    """A folder behind OpenSSH; the user's own settings name the key and the known host."""
    _require("sshfs")
    folder = scratch / "served"
    folder.mkdir()
    with ssh_server(folder) as server:
        home, keys = scratch / "ssh-home", folder.with_name(f"{folder.name}-ssh")
        (home / ".ssh").mkdir(parents=True)
        settings = (f"IdentityFile {keys / 'user'}", f"UserKnownHostsFile {keys / 'known'}")
        (home / ".ssh" / "config").write_text("".join(f"{line}\n" for line in settings))
        yield There(server.base, {"HOME": str(home)}, folder)


def _azurite_path() -> str:
    """Where `.ci/full clouds` puts what npm installs, and where everybody else does."""
    return os.pathsep.join((os.environ.get("MLGIT_TEST_NPM", ""), os.environ["PATH"]))


@contextmanager
def _running(argv: Sequence[str], port: int, scratch: Path) -> Iterator[None]:
    """A server in a process of its own, from its first answer to the end of the body."""
    log = scratch / f"server-{port}.log"
    with log.open("wb") as out:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        _wait_for(port, child, log)
        yield
    finally:
        child.kill()
        child.wait()


def _wait_for(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_LONGEST_START):
        with socket.socket() as probe:
            found = probe.connect_ex(("127.0.0.1", port)) == 0
        if child.poll() is not None:
            break
        if found:
            return
        time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _ask(method: str, url: str) -> None:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30):
            pass
    except HTTPError as error:
        pytest.fail(f"{url}: {error}")


def _free_port() -> int:
    """A port of those that no connection of others is given in the seconds that a start takes."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("no port is free")


def _require(*modules: str) -> None:
    for module in modules:
        if find_spec(module.partition(".")[0]) is None:
            _missing(module)


def _missing(what: str) -> NoReturn:
    if _ALL_REQUIRED:
        pytest.fail(f"{what} is not installed")
    pytest.skip(f"{what} is not installed")


_PLACES: dict[str, Callable[[Path], AbstractContextManager[There]]] = {
    "local": local,
    "memory": memory,
    "lfs": lfs,
    "s3": s3,
    "gcs": gcs,
    "azure": azure,
    "ssh": ssh,
}
