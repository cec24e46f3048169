"""Packs are read as git reads them, and damage is named."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from mlgit.errors import Damaged, MlgitError
from mlgit.git.oid import BLOB, object_id
from mlgit.git.pack_file import PackFile
from tests.support.repos import git


def versions(count: int = 40) -> list[bytes]:
    """Versions of one long text, so that git stores differences."""
    chance = random.Random(7)
    lines = [f"line {number} {chance.random()}" for number in range(300)]
    made = []
    for number in range(count):
        lines[chance.randrange(300)] = f"changed in version {number}"
        made.append("\n".join(lines).encode())
    return made


def packed(repo: Path, contents: list[bytes], *options: str) -> str:
    """A pack of blobs made by git; its stem."""
    oids = []
    for content in contents:
        done = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"], cwd=repo, input=content, capture_output=True
        )
        oids.append(done.stdout.decode().strip())
    prefix = repo / ".git/objects/pack/pack"
    done = subprocess.run(
        ["git", "pack-objects", "-q", *options, str(prefix)],
        cwd=repo,
        input="\n".join(oids).encode() + b"\n",
        capture_output=True,
        check=True,
    )
    return f"{prefix}-{done.stdout.decode().strip()}"


def raw(content: bytes) -> bytes:
    return bytes.fromhex(object_id(BLOB, content).decode())


@pytest.mark.parametrize("options", [(), ("--delta-base-offset",), ("--depth=50", "--window=50")])
def test_every_object_of_a_pack_of_git_is_found_and_read(
    repo: Path, options: tuple[str, ...]
) -> None:
    contents = [*versions(), b"", b"x" * 300_000]
    pack = PackFile(packed(repo, contents, *options))
    for content in contents:
        offset = pack.find(raw(content))
        assert offset is not None
        assert pack.read(offset) == (BLOB, content)
    assert pack.find(raw(b"not there")) is None
    assert pack.find(b"\0" * 20) is None
    assert pack.find(b"\xff" * 20) is None
    pack.close()


def test_an_index_with_far_offsets_is_understood(repo: Path) -> None:
    contents = versions(20)
    stem = packed(repo, contents)
    git(repo, "index-pack", "--index-version=2,0x40", f"{stem}.pack", check=True)
    pack = PackFile(stem)
    assert [pack.read(pack.find(raw(content)) or 0)[1] for content in contents] == contents


def test_an_old_or_torn_index_is_named(repo: Path) -> None:
    stem = packed(repo, versions(5))
    index = Path(f"{stem}.idx")
    whole = index.read_bytes()
    index.chmod(0o644)
    for content in (b"", whole[:1000], whole[:-100], b"\0" * len(whole)):
        index.write_bytes(content)
        with pytest.raises(Damaged) as caught:
            PackFile(stem).find(b"\1" * 20)
        assert caught.value.facts["path"] == str(index)
    index.write_bytes(whole)


def test_any_changed_byte_is_an_error_or_harmless(repo: Path, tmp_path: Path) -> None:
    """No damage makes the reader crash, hang, or take something else for the object."""
    contents = versions(12)
    stem = packed(repo, contents, "--delta-base-offset")
    whole = Path(f"{stem}.pack").read_bytes()
    index = Path(f"{stem}.idx").read_bytes()
    copy = tmp_path / "pack-copy"
    copy.with_suffix(".idx").write_bytes(index)
    chance = random.Random(3)
    for _ in range(300):
        at = chance.randrange(12, len(whole) - 20)
        changed = whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
        copy.with_suffix(".pack").write_bytes(changed)
        pack = PackFile(str(copy))
        for content in contents:
            try:
                kind, data = pack.read(pack.find(raw(content)) or 0)
            except MlgitError:
                continue
            if object_id(kind, data) == object_id(BLOB, content):
                assert data == content
        pack.close()


def test_a_chain_of_differences_that_never_ends_is_refused(repo: Path) -> None:
    first, second = versions(2)
    stem = packed(repo, [first, second])
    pack = PackFile(stem)
    data = Path(f"{stem}.pack").read_bytes()
    places = {oid: pack.find(bytes.fromhex(oid)) for oid in _ids([first, second])}
    delta = max(place for place in places.values() if place is not None)
    own = next(oid for oid, place in places.items() if place == delta)
    base = next(oid for oid, place in places.items() if place != delta)
    looped = data.replace(bytes.fromhex(base), bytes.fromhex(own))
    assert looped != data
    Path(f"{stem}.pack").chmod(0o644)
    Path(f"{stem}.pack").write_bytes(looped)
    with pytest.raises(Damaged):
        PackFile(stem).read(delta)
    Path(f"{stem}.pack").write_bytes(data)


def _ids(contents: list[bytes]) -> list[str]:
    return [object_id(BLOB, content).decode() for content in contents]


def test_a_pack_that_is_no_pack_is_named(repo: Path) -> None:
    stem = packed(repo, versions(3))
    path = Path(f"{stem}.pack")
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"")
    with pytest.raises(Damaged) as caught:
        PackFile(stem).read(12)
    assert caught.value.facts["path"] == str(path)
    path.write_bytes(whole)
