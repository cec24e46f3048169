"""Whether `git gc` is at work, which may delete objects that no ref names yet."""

from __future__ import annotations

import os
from pathlib import Path

from mlgit.git.holder import age_seconds, host

_FORGOTTEN = 12 * 3600.0  # git's own rule: an older gc.pid is a leftover
_BEING_WRITTEN = 1.0  # seconds


def gc_is_running(common_dir: Path) -> bool:
    """Whether a living `git gc` holds the repository."""
    path = common_dir / "gc.pid"
    try:
        words = path.read_text("utf-8", "replace").split()
    except OSError:
        return False
    if len(words) < 2 or not words[0].isdigit():
        return age_seconds(path) < _BEING_WRITTEN
    if words[1] != host():
        return age_seconds(path) < _FORGOTTEN
    return _lives(int(words[0]))


def _lives(pid: int) -> bool:
    if os.name == "nt":  # there, asking by signal would end the process
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
