"""What stands in the folder of a purged run: a stub, and an empty file for each that was there.

No path that somebody may still edit in another clone goes away: git's rename detection would take
an equal file of another run for it, and a plain `git merge` would put the edit there. Where a run
had no manifest and no inputs they are made, so that another clone's addition is a conflict, too.
Metric files are sealed, nobody edits them: they go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlgit.records import layout
from mlgit.records.run import dump_purged

if TYPE_CHECKING:
    from mlgit.records.run import Purged

_ALWAYS = (layout.INPUTS, layout.ARTIFACTS)


def emptied(names: Iterable[str]) -> dict[str, bytes]:
    """The files beside the stub, by name below the folder; `names` are those that were there."""
    kept = (name for name in (*names, *_ALWAYS) if not layout.is_segment(name))
    return {name: b"" for name in kept if name != layout.RUN}


def tombstone(names: Iterable[str], stub: Purged) -> dict[str, bytes]:
    """All files of a purged run's folder, by name below it; `names` are those that were there."""
    return {layout.RUN: dump_purged(stub), **emptied(names)}
