"""Object ids and kinds, as git names them."""

from __future__ import annotations

from hashlib import sha1

Oid = bytes
"""An object id: 40 lower-case hex digits in ASCII."""

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
KIND_NAMES = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}
KINDS = {name: kind for kind, name in KIND_NAMES.items()}

ZERO: Oid = b"0" * 40
EMPTY_TREE: Oid = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"

_HEX = frozenset(b"0123456789abcdef")


def header(kind: int, size: int) -> bytes:
    """What precedes an object's data in its hash and its loose file."""
    return b"%s %d\0" % (KIND_NAMES[kind], size)


def object_id(kind: int, data: bytes) -> Oid:
    """The name git gives to this object."""
    digest = sha1(header(kind, len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest().encode()


def is_oid(value: bytes) -> bool:
    """Whether `value` is written as an object id."""
    return len(value) == 40 and _HEX.issuperset(value)
