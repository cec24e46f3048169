"""Uploads of files too big to hold, with a word on how far they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.calling import wait
from mlgit.artifacts.remotes.place import ANSWER_SECONDS

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.files import Files

_SLOWEST = 50_000  # bytes a second below which an upload counts as stuck


def send(
    files: Files, name: str, source: Path, size: int, told: Callable[[int], object] | None
) -> str:
    """Upload a file; in the body of `Files.writing`. What `told` raises is passed on.

    Returns the digest that the place has computed of it, in hex, where it says one.
    """
    fs, path, callback = files.fs, files.path(name), _callback(told)
    most = ANSWER_SECONDS + size / _SLOWEST
    try:
        if files.place.send:
            answer = files.place.send(fs, path, str(source), callback)
            return "" if answer is None else wait(fs, answer, most)
        if fs.async_impl:
            wait(fs, fs._put_file(str(source), path, callback=callback), most)
        else:
            fs.put_file(str(source), path, callback=callback)
        return ""
    except Exception:
        if callback.raised is not None:
            raise callback.raised from None
        raise


class _StoppedError(Exception):
    """Stands for what `told` has raised: Ctrl-C as it is would end fsspec's thread."""


def _callback(told: Callable[[int], object] | None) -> Any:
    from fsspec.callbacks import Callback

    class Telling(Callback):  # type: ignore[misc]
        raised: BaseException | None = None

        def call(self, hook_name: str | None = None, **kwargs: object) -> None:
            """What fsspec calls after every change of `value`."""
            del hook_name, kwargs
            if told:
                try:
                    told(self.value)
                except BaseException as error:
                    self.raised = error
                    raise _StoppedError from None

    return Telling()
