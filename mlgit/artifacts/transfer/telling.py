"""Progress of several transfers, told as that of one."""

from __future__ import annotations

from collections.abc import Sequence

from mlgit.artifacts.transfer.values import Moved, Progress, Wanted


class Telling:
    """A `Progress` that adds to each word what was finished before.

    Args:
        progress: Who is told; nobody when None.
        wanted: All that is to be moved.
    """

    def __init__(self, progress: Progress | None, wanted: Sequence[Wanted]) -> None:
        self._progress = progress
        self._total, self._of = sum(one.size for one in wanted), len(wanted)
        self._bytes, self._objects = 0, 0

    def __call__(self, moved: Moved) -> None:
        """Tell how far all of it is."""
        if self._progress is not None:
            done, objects = self._bytes + moved.done, self._objects + moved.objects
            self._progress(Moved(done, self._total, objects, self._of))

    def finished(self, wanted: Sequence[Wanted]) -> None:
        """Count what need not be moved any more, also what was there already."""
        self._bytes += sum(one.size for one in wanted)
        self._objects += len(wanted)
