"""Whether merges that mlgit did not make have lost or broken anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.store.merge.foreign import needed_repair

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.problem import Report
    from mlgit.store.snapshot import Snapshot

_HINT = "mlgit doctor --fix --deep"


def check_merges(snapshot: Snapshot, report: Report, since: Oid | None = None) -> None:
    """Report what merges by git alone, a forge or a person have left to repair.

    With `since`, only merges that came after that commit are looked at. A history that cannot be
    read is left to others.
    """
    try:
        repair = needed_repair(snapshot.objects, snapshot.commit, since)
    except (NotFound, Damaged):
        return
    for path, one in repair.paths.items():
        text = f"{one.reason} after a merge without mlgit"
        report.add(path, "merge-lost", text, hint=_HINT)
