"""What every place that keeps artifact bytes must do; one suite for all of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remote import Remote
from mlgit.errors import Damaged, InvalidValue, NotFound

DATA = b"\x00weights\xff" * 5000
NAME = sha256(DATA).hexdigest()

REMOTES: dict[str, Callable[[Path], Remote]] = {"local store": ObjectCache}


@pytest.fixture(params=list(REMOTES))
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    return REMOTES[request.param](tmp_path / "remote")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(DATA)
    return path


def got(remote: Remote, name: str = NAME) -> bytes:
    target = BytesIO()
    remote.get(name, target)
    return target.getvalue()


def test_what_was_put_is_there_and_comes_back(remote: Remote, model: Path) -> None:
    assert not remote.has(NAME)
    remote.put(NAME, model)
    assert remote.has(NAME)
    assert got(remote) == DATA


def test_putting_twice_is_harmless(remote: Remote, model: Path) -> None:
    remote.put(NAME, model)
    remote.put(NAME, model)
    assert got(remote) == DATA


def test_other_bytes_are_refused_and_not_kept(remote: Remote, model: Path) -> None:
    model.write_bytes(DATA[:-1])
    with pytest.raises(Damaged):
        remote.put(NAME, model)
    assert not remote.has(NAME)


def test_the_empty_object(remote: Remote, model: Path) -> None:
    model.write_bytes(b"")
    empty = sha256(b"").hexdigest()
    remote.put(empty, model)
    assert remote.has(empty)
    assert got(remote, empty) == b""


def test_what_is_not_there_is_not_found(remote: Remote) -> None:
    assert not remote.has(NAME)
    with pytest.raises(NotFound):
        got(remote)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME.upper(), NAME[:-1], f"{NAME}/x"])
def test_only_digests_are_names(remote: Remote, model: Path, name: str) -> None:
    for act in (remote.has, lambda name: remote.put(name, model), lambda name: got(remote, name)):
        with pytest.raises(InvalidValue):
            act(name)


def test_many_writers_of_one_object(remote: Remote, model: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: remote.put(NAME, model), range(16)))
    assert got(remote) == DATA


def test_it_has_a_name_for_messages(remote: Remote) -> None:
    assert remote.name
