"""Digests of files that did not change since they were hashed; the file may be deleted any time.

An answer is never wrong, only missing. A digest is told only for a file of which path, device,
inode, size and both times are those it was hashed with, and a user's file only if both times were
well in the past when hashing began: any later change shows in the time of change, which no program
can set. Times are compared with the clock of the file system that holds this cache. There `SETTLED`
is enough, longer than a write through a mapped file stays unseen; elsewhere another clock may rule.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

SETTLED = 60.0  # seconds
SETTLED_ELSEWHERE = 3600.0
_RECORD = struct.Struct("<16sQQqqq32s")  # path, device, inode, size, two times, sha256
_SEAL = 8
_WHOLE = _RECORD.size + _SEAL
_MOST = 200_000 * _WHOLE  # bytes; then it begins anew


class Seen(NamedTuple):
    """A file as it was looked at; a change of its bytes changes one of these."""

    path: bytes
    device: int
    inode: int
    size: int
    modified: int
    changed: int


def seen(path: str | Path, found: os.stat_result) -> Seen:
    """What tells this state of a file from others."""
    name = blake2b(os.fsencode(path), digest_size=16).digest()
    return Seen(
        name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    )


class StatCache:
    """Known digests, in the file `path`, shared by processes.

    `settled` is in seconds, see above. Nothing is raised: a cache that cannot be read or written
    knows nothing.
    """

    def __init__(self, path: Path, settled: float = SETTLED) -> None:
        self._path, self._settled = path, int(settled * 1e9)
        self._known: dict[Seen, str] = {}
        self._fresh: list[bytes] = []
        self._inode = self._read = 0  # the file that was read, and how much of it
        self._now = self._device = 0

    def begin(self) -> None:
        """Look at the clock, and at what other processes wrote: before any file is opened."""
        self._now = 0
        if os.name == "nt":  # the time of change is not kept there
            return
        with suppress(OSError):
            number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with os.fdopen(number, "rb") as file:
                os.utime(number)
                found = os.fstat(number)
                if not found.st_size:  # as open as its folder
                    os.fchmod(number, self._path.parent.stat().st_mode & 0o666)
                if (found.st_ino, True) != (self._inode, found.st_size >= self._read):
                    self._known, self._inode, self._read = {}, found.st_ino, 0
                file.seek(self._read)
                self._load(file.read())
            self._now, self._device = found.st_mtime_ns, found.st_dev

    def digest(self, file: Seen) -> str | None:
        """The sha256 of the file's bytes, where it is known."""
        return self._known.get(file) if self._now else None

    def remember(self, file: Seen, sha256: str) -> None:
        """Note the digest of a user's file that was seen after `begin`, before it was hashed."""
        elsewhere = file.device != self._device
        settled = int(SETTLED_ELSEWHERE * 1e9) if elsewhere else self._settled
        if max(file.modified, file.changed) + settled < self._now:
            self.remember_own(file, sha256)

    def remember_own(self, file: Seen, sha256: str) -> None:
        """Note the digest of a file that nobody but mlgit writes, and mlgit only once."""
        if self._now:
            self._known[file] = sha256
            self._fresh.append(_sealed(_RECORD.pack(*file, bytes.fromhex(sha256))))

    def save(self) -> None:
        """Write down what is new: one append, so that processes do not mix theirs."""
        fresh, self._fresh = b"".join(self._fresh), []
        if not fresh:
            return
        with suppress(OSError):
            number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            try:
                os.write(number, fresh)
            finally:
                os.close(number)

    def _load(self, data: bytes) -> None:
        """Take in records; a file with a damaged one, or too many, is removed and begun anew."""
        self._read += len(data)
        for at in range(0, len(data), _WHOLE):
            record = data[at : at + _RECORD.size]
            if data[at : at + _WHOLE] != _sealed(record):
                break
            *fields, digest = _RECORD.unpack(record)
            self._known[Seen(*fields)] = digest.hex()
        else:
            if self._read <= _MOST:
                return
        self._known = {}
        self._path.unlink()


def _sealed(record: bytes) -> bytes:
    return record + blake2b(record, digest_size=_SEAL).digest()
