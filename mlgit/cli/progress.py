"""A sign of life on stderr for work that takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.artifacts.transfer.values import Moved, Progress
    from mlgit.cli.output import Output

_PATIENCE = 1.0  # seconds before anything is shown
_PACE = 0.2
_FRAMES = "|/-\\"
_BAR = 20  # characters


@contextmanager
def working(output: Output, what: str) -> Iterator[None]:
    """Show `what` with a turning wheel while the block runs on, if a person watches."""
    with _shown(output, lambda: what):
        yield


@contextmanager
def moving(output: Output, what: str) -> Iterator[Progress]:
    """Show `what` with a bar of how far a transfer is, as the block tells what it yields."""
    told: list[Moved] = []

    def listen(moved: Moved) -> None:
        told[:] = [moved]

    with _shown(output, lambda: f"{what} {_bar(told[0])}" if told else what):
        yield listen


def _bar(moved: Moved) -> str:
    """`[####----] 3 of 12 files, 1.5 MB of 6.2 MB`."""
    from mlgit.cli.numbers import size

    full = _BAR * min(moved.done, moved.total) // max(moved.total, 1)
    bytes_said = f"{size(moved.done)} of {size(moved.total)}"
    return f"[{'#' * full:-<{_BAR}}] {moved.objects} of {moved.of} files, {bytes_said}"


@contextmanager
def _shown(output: Output, what: Callable[[], str]) -> Iterator[None]:
    if not output.talk.interactive or output.quiet:
        yield
        return
    over = threading.Event()
    wheel = threading.Thread(target=_turn, args=(output, what, over), daemon=True)
    wheel.start()
    try:
        yield
    finally:
        over.set()
        wheel.join()


def _turn(output: Output, what: Callable[[], str], over: threading.Event) -> None:
    if over.wait(_PATIENCE):
        return
    shown, turns = "", 0
    while not over.wait(_PACE):
        before, shown = shown, f"{_FRAMES[turns % len(_FRAMES)]} {output.talk.safe(what())}"
        sys.stderr.write(f"\r{shown.ljust(len(before))}")
        sys.stderr.flush()
        turns += 1
    sys.stderr.write("\r" + " " * len(shown) + "\r")
    sys.stderr.flush()
