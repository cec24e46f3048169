"""Whether a merge that knew nothing of epochs has brought back what was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound, Unsupported
from mlgit.records import layout
from mlgit.store.lineage import strays

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

_HINT = "mlgit sync, where the remote has it not; else mlgit forget --history"


def check_epoch(snapshot: Snapshot, report: Report, since: Oid | None) -> None:
    """Name a commit of an older epoch that the history reaches; after `since`, where given."""
    try:
        found = strays(snapshot.objects, snapshot.commit, since)
    except (Damaged, NotFound, Unsupported):  # reported as a file, or as a part of the history
        return
    if found:
        text = (
            f"the history reaches {found[0].decode()[:12]}, from before this epoch, through a merge"
        )
        report.add(layout.EPOCH, "stray-history", f"{text}, and what was forgotten", hint=_HINT)
