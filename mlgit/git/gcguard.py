"""Whether `git gc` is at work, which may delete objects that no ref names yet."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mlgit.git.holder import age_seconds, host

_FORGOTTEN = 12 * 3600.0  # git's own rule: an older gc.pid is a leftover
_PAUSE = 0.01
_LONGEST_WAIT = 30.0


def gc_is_running(common_dir: Path) -> bool:
    """Whether a living `git gc` holds the repository."""
    path = common_dir / "gc.pid"
    try:
        words = path.read_text("utf-8", "replace").split()
    except OSError:
        return False
    if len(words) < 2 or not words[0].isdigit():
        return age_seconds(path) < _PAUSE
    if words[1] != host():
        return age_seconds(path) < _FORGOTTEN
    return _lives(int(words[0]))


def _lives(pid: int) -> bool:
    if os.name == "nt":  # there, asking by signal would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def wait_for_gc(common_dir: Path) -> None:
    """Wait until `git gc` is done, for a while: what it takes meanwhile is written again."""
    deadline = time.monotonic() + _LONGEST_WAIT
    while gc_is_running(common_dir) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
