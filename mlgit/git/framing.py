"""Byte strings one after another in a file that is believed only when it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1

_MAGIC = b"mlgit frames 1\n"
_DIGEST = 20  # bytes


def pack_frames(frames: Iterable[bytes]) -> bytes:
    """Any number of byte strings as one, with a checksum in front."""
    body = b"".join(b"%d:%b" % (len(frame), frame) for frame in frames)
    return _MAGIC + sha1(body, usedforsecurity=False).digest() + body


def unpack_frames(data: bytes) -> list[bytes] | None:
    """What `pack_frames` was given; None when a byte is missing or different."""
    start = len(_MAGIC) + _DIGEST
    body = data[start:]
    digest = sha1(body, usedforsecurity=False).digest()
    if len(data) < start or data[:start] != _MAGIC + digest:
        return None
    frames = []
    at = 0
    while at < len(body):
        colon = body.index(b":", at)
        end = colon + 1 + int(body[at:colon])
        frames.append(body[colon + 1 : end])
        at = end
    return frames
