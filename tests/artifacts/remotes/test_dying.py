"""Servers that die in the middle of a transfer and come back, and an ssh that lets nobody in."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest

from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.errors import RemoteFailed, StorageFailed
from tests.support.clouds import SERVERS, There, place
from tests.support.netcut import DOWN, UP, Fault, Line, line

# aiohttp says so of the bytes of any upload by the SDKs of Azure and Google.
pytestmark = [
    pytest.mark.full,
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

DATA = random.Random(7).randbytes(3_000_000)
DIGEST = sha256(DATA).hexdigest()
_PORT = re.compile(r"127\.0\.0\.1\]?:(\d+)")


@pytest.fixture(scope="module", params=SERVERS)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[There, Line]]:
    """A place of each kind, by way of a line that can be cut."""
    kind = str(request.param)
    with place(kind, tmp_path_factory.mktemp(kind)) as there:
        found = _PORT.search(f"{there.url} {there.env}")
        assert found
        with line(int(found[1])) as faulty:
            yield _by_way_of(there, found[1], str(faulty.port)), faulty


def _by_way_of(there: There, old: str, new: str) -> There:
    if home := there.env.get("HOME"):  # ssh knows a host by its port, too
        known = next(Path(home).parent.glob("*/known"))
        known.write_text(f"{known.read_text()}{known.read_text().replace(old, new)}")
    env = {name: text.replace(f":{old}", f":{new}") for name, text in there.env.items()}
    return There(there.url.replace(f":{old}", f":{new}"), env, there.folder)


@pytest.fixture
def remote(
    served: tuple[There, Line], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> FsspecRemote:
    there, faulty = served
    faulty.after(UP, None)
    for name, value in there.env.items():
        monkeypatch.setenv(name, value)
    own = there.below(sha256(request.node.nodeid.encode()).hexdigest()[:8])
    return cast("FsspecRemote", open_remote("main", own.url))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "model.bin"
    made.write_bytes(DATA)
    return made


def bytes_of(remote: FsspecRemote) -> bytes:
    target = BytesIO()
    remote.get(DIGEST, target)
    return target.getvalue()


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
def test_a_server_dies_during_a_put(
    remote: FsspecRemote, served: tuple[There, Line], path: Path, fault: Fault
) -> None:
    assert remote.sizes([DIGEST]) == {}
    faulty = served[1]
    faulty.after(UP, 1_000_000, fault, for_good=True)
    with pytest.raises(RemoteFailed) as caught:
        remote.put(DIGEST, path)
    assert faulty.hit
    assert "main (" in caught.value.message
    assert caught.value.hint
    with pytest.raises(RemoteFailed):
        remote.sizes([DIGEST])
    faulty.after(UP, None)
    assert not remote.verify(DIGEST)
    remote.put(DIGEST, path)
    assert bytes_of(remote) == DATA


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
def test_a_server_dies_during_a_get(
    remote: FsspecRemote, served: tuple[There, Line], path: Path, fault: Fault
) -> None:
    remote.put(DIGEST, path)
    faulty = served[1]
    faulty.after(DOWN, 1_000_000, fault, for_good=True)
    with pytest.raises(RemoteFailed) as caught:
        bytes_of(remote)
    assert faulty.hit
    assert "main (" in caught.value.message
    faulty.after(UP, None)
    assert bytes_of(remote) == DATA


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    with place("ssh", tmp_path) as there:
        monkeypatch.setenv("HOME", there.env["HOME"])
        yield there


@pytest.mark.parametrize("trouble", ["another key", "an unknown host", "another host"])
def test_ssh_lets_nobody_in_who_is_not_known(ssh: There, trouble: str, path: Path) -> None:
    assert ssh.folder
    settings = Path(ssh.env["HOME"]) / ".ssh" / "config"
    keys = ssh.folder.with_name("served-ssh")
    good, known = settings.read_text(), (keys / "known").read_text()
    if trouble == "another key":
        settings.write_text(good.replace(str(keys / "user"), str(keys / "stranger")))
    elif trouble == "an unknown host":
        (keys / "known").write_text("")
    else:
        public = (keys / "stranger.pub").read_text()
        (keys / "known").write_text(f"{known.split()[0]} {public}")
    remote = cast("FsspecRemote", open_remote("main", ssh.url))
    port = ssh.url.split(":")[2].partition("/")[0]
    for attempt in (lambda: remote.sizes([DIGEST]), lambda: remote.put(DIGEST, path)):
        with pytest.raises(StorageFailed) as caught:
            attempt()
        assert f"ssh -p {port} 127.0.0.1" in caught.value.hint
        assert f"main ({ssh.folder})" in caught.value.message
    assert list(ssh.folder.iterdir()) == []
    settings.write_text(good)
    (keys / "known").write_text(known)
    remote.put(DIGEST, path)
    assert remote.verify(DIGEST)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    with place("azure", tmp_path_factory.mktemp("azure")) as there:
        yield there


def test_azure_refuses_another_key(azure: There, monkeypatch: pytest.MonkeyPatch) -> None:
    words = azure.env["AZURE_STORAGE_CONNECTION_STRING"]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", words.replace("Eby8", "Eby9"))
    with pytest.raises(StorageFailed) as caught:
        open_remote("main", azure.url).sizes([DIGEST])
    assert "AZURE_STORAGE_CONNECTION_STRING" in caught.value.hint
    assert "8vdM02" not in f"{caught.value.message} {caught.value.facts}"
