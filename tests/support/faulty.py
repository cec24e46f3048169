"""A file system of fsspec's that goes wrong on purpose, around one that does not.

    faults = Faults("flip", WRITE)
    fs = fsspec.filesystem("faulty", inside=MemoryFileSystem(), faults=faults)
    faults.mode = ""        # from now on all is well

What is really stored is read from `inside`.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import fsspec
from fsspec import AbstractFileSystem

WRITE, READ, LOOK = "write", "read", "look"
LIST = "list"  # of LOOK, where folders are listed
REMOVE = "remove"
WRITE_MODES = ("lie", "truncate", "flip", "fail", "reply lost", "full", "refuse", "slow", "hang")
MOVE_MODES = ("unmoved",)  # of WRITE, where files are moved
READ_MODES = ("truncate", "flip", "fail", "break off", "refuse", "slow", "hang")
LOOK_MODES = ("fail", "stale", "refuse", "hang")
_SLOW = 0.02  # seconds


class Faults:
    """What goes wrong: `mode` in operations of the kind `on`, each with this chance.

    The mode `random` stands for any but the slow ones, in operations of any kind.
    """

    def __init__(self, mode: str = "", on: str = "", chance: float = 1.0, seed: int = 0) -> None:
        self.mode, self.on, self.chance = mode, on, chance
        self.count = 0
        self.over = threading.Event()  # ends what hangs
        self._random = Random(seed)
        self._lock = threading.Lock()

    def strike(self, kind: str) -> str:
        """How this operation goes wrong; empty when it does not."""
        if not self.mode or (self.mode != "random" and self.on not in _KINDS.get(kind, (kind,))):
            return ""
        with self._lock:
            if self._random.random() >= self.chance:
                return ""
            self.count += 1
            return self._random.choice(_PASSING[kind]) if self.mode == "random" else self.mode

    def before(self, mode: str) -> None:
        """Fail or wait, as the mode says."""
        if mode == "fail":
            raise ConnectionError("injected: no answer")
        if mode == "refuse":
            raise PermissionError(errno.EACCES, "injected: refused")
        if mode == "slow":
            time.sleep(_SLOW)
        if mode == "hang":
            self.over.wait()
            raise ConnectionError("injected: hung up")


_PASSING = {
    WRITE: ("lie", "truncate", "flip", "fail", "reply lost"),
    READ: ("truncate", "flip", "fail", "break off"),
    LOOK: ("fail",),
    LIST: ("fail",),
    REMOVE: ("fail",),
}
_KINDS = {LIST: (LIST, LOOK)}


class FaultyFileSystem(AbstractFileSystem):  # type: ignore[misc]  # untyped
    """`inside`, with faults."""

    protocol = "faulty"
    cachable = False

    def __init__(self, inside: Any, faults: Faults, **_: object) -> None:
        super().__init__()
        self.inside, self.faults = inside, faults
        self._seen: dict[str, Any] = {}  # what a stale listing shows

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        mode = self.faults.strike(WRITE)
        self.faults.before(mode)
        if mode != "lie":
            self.inside.pipe_file(path, _spoilt(value, mode))
        if mode == "reply lost":
            raise TimeoutError("injected: the reply was lost")
        if mode == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def put_file(self, lpath: str, rpath: str, callback: Any = None, **_: object) -> None:
        data = Path(lpath).read_bytes()
        if callback is not None:
            callback.set_size(len(data))
        self.pipe_file(rpath, data)
        if callback is not None:
            callback.relative_update(len(data))

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: object
    ) -> bytes:
        mode = self.faults.strike(READ)
        self.faults.before(mode)
        data: bytes = self.inside.cat_file(path, start=start, end=end)
        return _spoilt(data, mode)

    def open(self, path: str, mode: str = "rb", **_: object) -> Any:
        assert mode == "rb", "objects are written with pipe_file and put_file"
        struck = self.faults.strike(READ)
        self.faults.before(struck)
        data = _spoilt(self.inside.cat_file(path), struck)
        return _Breaking(data) if struck == "break off" else BytesIO(data)

    def info(self, path: str, **_: object) -> Any:
        return self._look(path, lambda: self.inside.info(path))

    def find(self, path: str, *_: object, detail: bool = False, **__: object) -> Any:
        found = self._look(f"find {path}", lambda: self.inside.find(path, detail=True), LIST)
        return found if detail else list(found)

    def ls(self, path: str, detail: bool = True, **_: object) -> Any:
        return self._look(f"ls {path} {detail}", lambda: self.inside.ls(path, detail=detail), LIST)

    def _look(self, name: str, ask: Callable[[], Any], kind: str = LOOK) -> Any:
        """Ask, and remember the answer for a time when listings are stale."""
        mode = self.faults.strike(kind)
        self.faults.before(mode)
        if mode == "stale":
            if name not in self._seen:
                raise FileNotFoundError(name)
            return self._seen[name]
        self._seen[name] = found = ask()
        return found

    def mv(self, path1: str, path2: str, **_: object) -> None:
        mode = self._strike_moving()
        self.faults.before(mode)
        if mode not in ("lie", "unmoved"):
            self.inside.mv(path1, path2)
        if mode == "reply lost":
            raise TimeoutError("injected: the reply was lost")

    def cp_file(self, path1: str, path2: str, **_: object) -> None:
        mode = self._strike_moving()
        self.faults.before(mode)
        if mode != "lie":
            self.inside.cp_file(path1, path2)
        if mode == "reply lost":
            raise TimeoutError("injected: the reply was lost")

    def _strike_moving(self) -> str:
        mode = self.faults.strike(WRITE)
        return "fail" if mode in ("truncate", "flip", "full") else mode  # no bytes come through us

    def rm_file(self, path: str) -> None:
        self.faults.before(self.faults.strike(REMOVE))
        self.inside.rm_file(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        self.inside.makedirs(path, exist_ok=exist_ok)


class _Breaking(BytesIO):
    """A file whose connection breaks after half of it."""

    def read(self, size: int | None = -1, /) -> bytes:
        half = len(self.getvalue()) // 2
        if self.tell() >= half:
            raise ConnectionError("injected: broken off")
        return super().read(half - self.tell() if size is None or size < 0 else min(size, half))


def _spoilt(data: bytes, mode: str) -> bytes:
    if mode in ("truncate", "full", "break off"):
        return data[: len(data) // 2]
    if mode == "flip" and data:
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return data


fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
