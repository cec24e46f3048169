"""The file system of a place, in this process; whatever it says fails in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.calling import call
from mlgit.artifacts.remotes.failures import answering, no_place
from mlgit.errors import RemoteFailed

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.place import Place

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_INHERITED: list[Any] = []  # to let go of a connection would close it for the parent, too


class Connection:
    """A place's file system; many threads may use it at once, and a child process after a fork."""

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self._process = 0
        self._made: Any = None

    @property
    def fs(self) -> Any:
        """The file system of this process, made anew after a fork or a lost connection."""
        if self._process != os.getpid():  # a lock that another thread held would stay held
            _INHERITED.append(self._made)
            self._lock, self._made, self._process = Lock(), None, os.getpid()
        with self._lock:
            if self._made is None:
                with answering(self.name, self.place):
                    self._made = _made(self.place)
            return self._made

    @contextmanager
    def answering(self) -> Iterator[None]:
        """As `failures.answering`; after a failure that may pass, the connection is made anew."""
        try:
            with answering(self.name, self.place):
                yield
        except RemoteFailed:
            if self.place.connected:
                self._made = None
            raise

    def path(self, name: str) -> str:
        """What the file system calls a file."""
        return f"{self.place.root}/{name}" if name else self.place.root

    def require_place(self) -> None:
        """Raise StorageFailed where not even the bucket or folder is there."""
        if self.place.top:
            try:
                with self.answering(), suppress(PermissionError):  # not everybody may ask that
                    call(self.fs, "info", self.place.top)
            except ABSENT:
                raise no_place(self.name, self.place.top) from None


def _made(place: Place) -> Any:
    try:
        return place.make()
    except (ValueError, TypeError) as error:  # how a library says that settings are missing
        raise PermissionError(str(error)) from None
