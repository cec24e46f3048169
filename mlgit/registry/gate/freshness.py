"""Whether a proposal still speaks of what is: otherwise it is to be made again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.history import is_ancestor
from mlgit.git.oid import is_oid
from mlgit.records.pointer import Alias
from mlgit.registry.gate.facts import facts_of
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.records.pointer import Stage
    from mlgit.registry.gate.decision import Move
    from mlgit.registry.gate.facts import Facts
    from mlgit.registry.gate.verdict import Question


def stale_reasons(question: Question, move: Move, candidate: Facts) -> Iterator[str]:
    """Why a proposal is not of today."""
    new, old = move.new, move.old
    if new is None:
        return
    if isinstance(new, Alias):
        was = old.version if isinstance(old, Alias) else None
        if new.previous != was:
            yield (
                f"it expects {_version(new.previous)} in place, and {_version(was)} is: "
                "another promotion has landed"
            )
    elif (new.previous or "None") != move.left:
        yield f"it expects the version in {new.previous or 'None'}, and it is in {move.left}"
    yield from _evidence(question, move, new, candidate)


def _evidence(
    question: Question, move: Move, new: Alias | Stage, candidate: Facts
) -> Iterator[str]:
    """Whether the commit that was decided on has landed, and says what the branch says now."""
    if not new.evidence:
        return
    commit = new.evidence.encode("ascii", "replace")
    try:
        landed = is_oid(commit) and is_ancestor(question.objects, commit, question.data)
    except (NotFound, Damaged):
        landed = False
    if not landed:
        yield f"its evidence {new.evidence[:12]} has not landed: push it, and promote again"
        return
    with suppress(NotFound, Damaged):
        then = Snapshot(Trees(question.objects), commit)
        before = facts_of(then, move.decision.folder, move.decision.uid)
        if before and before.run and candidate.run and before.run.metrics != candidate.run.metrics:
            yield "the run's metrics are others than when it was decided: promote again"


def _version(number: int | None) -> str:
    return "no version" if number is None else f"v{number}"
