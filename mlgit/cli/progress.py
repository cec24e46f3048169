"""A sign of life on stderr for work that takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.cli.output import Output

_PATIENCE = 1.0  # seconds before anything is shown
_PACE = 0.2
_FRAMES = "|/-\\"


@contextmanager
def working(output: Output, what: str) -> Iterator[None]:
    """Show `what` with a turning wheel while the block runs on, if a person watches."""
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


def _turn(output: Output, what: str, over: threading.Event) -> None:
    if over.wait(_PATIENCE):
        return
    shown, turns = "", 0
    while not over.wait(_PACE):
        shown = f"{_FRAMES[turns % len(_FRAMES)]} {output.talk.safe(what)}"
        sys.stderr.write(f"\r{shown}")
        sys.stderr.flush()
        turns += 1
    sys.stderr.write("\r" + " " * len(shown) + "\r")
    sys.stderr.flush()
