"""What a server may send: whole packs are taken in, all others leave nothing behind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path

import pytest

from mlgit.errors import Damaged
from mlgit.git.delta import delta
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, TREE, object_id
from mlgit.git.pack import PackWriter, release
from mlgit.git.transport import incoming
from mlgit.git.transport.incoming import IncomingPack
from tests.support.repos import git

BASE = b"the first version of a file\n" * 20
NEXT = BASE + b"and one more line\n"
REF_DELTA, OFFSET_DELTA = 7, 6


def head(kind: int, size: int) -> bytes:
    first, size = kind << 4 | size & 15, size >> 4
    made = [first | (128 if size else 0)]
    while size:
        made.append(size & 127 | (128 if size > 127 else 0))
        size >>= 7
    return bytes(made)


def entry(kind: int, content: bytes, reference: bytes = b"", *, size: int | None = None) -> bytes:
    return head(kind, len(content) if size is None else size) + reference + zlib.compress(content)


def pack(*entries: bytes, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    body = b"PACK" + struct.pack(">II", 2, number) + b"".join(entries)
    return body + sha1(body).digest()


def raw(kind: int, data: bytes) -> bytes:
    return bytes.fromhex(object_id(kind, data).decode())


def take(repo: Path, data: bytes) -> Objects:
    """Store a pack that came in pieces."""
    objects = Objects(repo / ".git" / "objects")
    with IncomingPack(objects.directory) as incoming:
        for at in range(0, len(data), 1000):
            incoming.write(data[at : at + 1000])
        with PackWriter(Path(objects.directory)) as writer:
            incoming.move_to(writer)
            made = writer.finish()
    if made:
        release(made)
    return objects


def test_nothing_is_a_whole_pack_too(repo: Path) -> None:
    take(repo, b"")
    take(repo, pack())


def test_differences_come_before_and_after_what_they_differ_from(repo: Path) -> None:
    change, back = delta(BASE, NEXT), delta(NEXT, BASE + b"!")
    whole = entry(BLOB, BASE)
    near = head(OFFSET_DELTA, len(change)) + bytes((len(whole),))
    entries = (
        entry(REF_DELTA, back, raw(BLOB, NEXT)),
        whole,
        entry(REF_DELTA, change, raw(BLOB, BASE)),
    )
    objects = take(repo, pack(*entries))
    for data in (BASE, NEXT, BASE + b"!"):
        assert objects.blob(object_id(BLOB, data)) == data
    assert len(whole) < 128
    assert take(repo, pack(whole, near + zlib.compress(change))).blob(object_id(BLOB, NEXT)) == NEXT
    assert git(repo, "fsck", "--full", "--strict").returncode == 0


def cut(data: bytes) -> bytes:
    return data[:-1]


def changed(data: bytes) -> bytes:
    return data[:40] + bytes((data[40] ^ 1,)) + data[41:]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "cut short": lambda: cut(pack(entry(BLOB, BASE))),
    "changed": lambda: changed(pack(entry(BLOB, BASE))),
    "words": lambda: b"ERR no such repository",
    "fewer than declared": lambda: pack(entry(BLOB, BASE), count=2),
    "more than declared": lambda: pack(entry(BLOB, BASE), entry(TREE, b""), count=1),
    "a thin one": lambda: pack(entry(REF_DELTA, delta(BASE, NEXT), raw(BLOB, BASE))),
    "differs from itself": lambda: pack(entry(OFFSET_DELTA, delta(BASE, NEXT), b"\0")),
    "differs from before the start": lambda: pack(
        entry(OFFSET_DELTA, delta(BASE, NEXT), b"\x81\x00")
    ),
    "a bomb": lambda: pack(entry(BLOB, bytes(10_000_000), size=10)),
    "declares a terabyte": lambda: pack(entry(BLOB, b"x", size=1 << 40)),
    "an unknown kind": lambda: pack(entry(5, b"x")),
    "a wrong difference": lambda: pack(
        entry(BLOB, b"short"), entry(REF_DELTA, delta(BASE, NEXT), raw(BLOB, b"short"))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_whole_leaves_nothing(repo: Path, name: str) -> None:
    folder = repo / ".git" / "objects" / "pack"
    with pytest.raises(Damaged):
        take(repo, HOSTILE[name]())
    assert not list(folder.iterdir())


def test_a_transfer_without_an_end_is_ended(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "LARGEST", 5000)
    with pytest.raises(Damaged, match="longer"):
        take(repo, bytes(6000))
