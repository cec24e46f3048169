"""Branches of proposals: open to all, for one file of the registry each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from mlgit.git.history import merge_bases
from mlgit.git.tree import diff
from mlgit.records import layout, schema
from mlgit.registry.gate.decision import move_of
from mlgit.registry.gate.scope import scope_of
from mlgit.registry.gate.verdict import Question
from mlgit.registry.proposal_name import RULES
from mlgit.registry.pushed.history import fresh, other_roots
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree import TreeChange
    from mlgit.registry.pushed.ground import Ground

_PROPOSED = frozenset({"alias", "stage", "policy", "trust"})
_FEW = 20  # paths that are named


def refused(ground: Ground, name: str, head: Oid) -> Iterator[str]:
    """Why a branch is no proposal for the guarded branch; nothing where it is one.

    Raises:
        NotFound, Damaged: Something of it cannot be read.
    """
    objects, tip = ground.objects, ground.tips.get(ground.guarded)
    bases = merge_bases(objects, tip, head) if tip else []
    if tip is None or not bases or other_roots(objects, fresh(objects, tip, head)):
        yield f"it does not come from the branch {ground.guarded}"
        return
    before = objects.commit(max(bases)).tree
    changed = list(islice(diff(objects, before, objects.commit(head).tree), _FEW))
    wrong = [reason for change in changed for reason in _wrong(ground, change)]
    yield from wrong or _misnamed(ground, name, head, [change.path for change in changed])


def _wrong(ground: Ground, change: TreeChange) -> Iterator[str]:
    """Why no proposal changes a file so."""
    located = layout.parse_path(change.path)
    kind = located.kind if located else ""
    if kind not in _PROPOSED and not (kind == "version" and change.old is None):
        yield f"{change.path!r} is nothing that a proposal changes"
    elif change.new:
        wrong = schema.validate_file(kind, ground.objects.blob(change.new.oid))
        yield from (f"{change.path}:{one.line or 1} {one.message}" for one in wrong[:_FEW])


def _misnamed(ground: Ground, name: str, head: Oid, paths: Sequence[str]) -> Iterator[str]:
    pointed = [path for path in paths if "/versions/" not in path]
    if len(pointed) != 1 or len(paths) > 2:
        yield f"it changes {len(pointed)} files; a proposal changes one alias, stage or policy"
        return
    rules = pointed[0] in (layout.POLICY, layout.TRUST)
    right = RULES if rules else _name(ground, ground.tips[ground.guarded], head)
    if name != right:
        yield f"what it proposes is called {right}"


def _name(ground: Ground, tip: Oid, head: Oid) -> str:
    """What a proposal of one pointer is to be called."""
    question = Question(ground.objects, tip, head, ground.tips.get(ground.data, tip))
    scope = scope_of(question)
    base, data = (Snapshot(Trees(ground.objects), one) for one in (tip, question.data))
    if scope.pointer is None or scope.located is None:
        return "nothing"
    return move_of(question, base, data, scope.pointer, scope.located).proposal
