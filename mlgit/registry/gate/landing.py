"""The proposal behind what lands: it may be merged, squashed, rebased or queued behind others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.git.tree import Entry, lookup
from mlgit.records import layout
from mlgit.registry.gate.decision import move_of
from mlgit.registry.gate.scope import scope_of
from mlgit.registry.proposal_name import RULES
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.registry.gate.verdict import Question


class Landing(NamedTuple):
    """What a change decides, as a proposal of it would be told.

    Attributes:
        name: The branch of such a proposal.
        wanted: What its files are after it, by path.
    """

    name: str
    wanted: Mapping[str, Entry | None]


def landing_of(question: Question) -> Landing | None:
    """What the head of a question lands; None where that is no proposal or cannot be read."""
    objects, trees = question.objects, Trees(question.objects)
    base, data = Snapshot(trees, question.base), Snapshot(trees, question.data)
    try:
        scope = scope_of(question)
        if scope.rules:
            return Landing(RULES, rules_at(objects, question.head))
        if scope.pointer is None or scope.located is None:
            return None
        move = move_of(question, base, data, scope.pointer, scope.located)
    except MlgitError:  # the judgement says so
        return None
    return Landing(move.proposal, {scope.pointer.path: scope.pointer.new})


def rules_at(objects: Objects, commit: Oid) -> dict[str, Entry | None]:
    """Policy and signers of a commit."""
    return {path: entry_at(objects, commit, path) for path in (layout.POLICY, layout.TRUST)}


def proposal_behind(objects: Objects, head: Oid, tips: Iterable[Oid], landing: Landing) -> Oid:
    """The commit that was proposed: the branch's, or one that `head` merges. Approvals are of it.

    It proposes just what lands; where there is none such, `head` stands for itself.
    """
    merged = objects.commit(head).parents[1:]
    for one in (*tips, *merged):
        if all(entry_at(objects, one, path) == now for path, now in landing.wanted.items()):
            return one
    return head


def entry_at(objects: Objects, commit: Oid, path: str) -> Entry | None:
    """The file at a path of a commit; None where there is none.

    Raises:
        NotFound, Damaged: It cannot be read.
    """
    return lookup(objects, objects.commit(commit).tree, path)
