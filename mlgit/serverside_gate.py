"""The gate as a server asks it: one pointer at a time, with the words that it has let in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlgit.gating import question_of
from mlgit.git.commits import virtual_commit
from mlgit.git.edits import apply_edits
from mlgit.git.oid import COMMIT
from mlgit.git.overlay import Overlay
from mlgit.records import layout
from mlgit.registry.gate.decision import move_of
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.landing import Landing, proposal_behind, rules_at
from mlgit.registry.gate.verdict import FAIL
from mlgit.registry.proposal_name import RULES
from mlgit.store.locate import Located
from mlgit.store.snapshot import Snapshot
from mlgit.store.store import Store
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository
    from mlgit.git.tree import TreeChange
    from mlgit.records.approval import Approval
    from mlgit.registry.gate.verdict import Question, Verdict
    from mlgit.registry.pushed.ground import Ground
    from mlgit.registry.pushed.guarded import Gate
    from mlgit.registry.pushed.history import Step


def gate_of(repository: Repository, branch: str) -> Gate:
    """The gate of a repository with that data branch, for `registry.pushed.guarded`."""
    store = Store(Located(repository, repository, branch))

    def gate(ground: Ground, step: Step, change: TreeChange | None) -> Sequence[str]:
        data = step.head if ground.guarded == ground.data else ground.tips[ground.data]
        question = step_question(store, ground, step, change, data)
        signer = question.signer

        def admitted(path: str, word: Approval) -> str:
            """Whose word it is: of whoever signed it, else of whom the server let push it."""
            return signer(path, word) or word.by

        return reasons_of(judge(question._replace(signer=admitted)))

    return gate


def step_question(
    store: Store, ground: Ground, step: Step, change: TreeChange | None, data: Oid
) -> Question:
    """One pointer as if it were all that the step changes; for None, the step as it is."""
    base = step.base or step.head
    question = question_of(store, base, step.head, data, proposal=step.head)
    if change is None:
        landing = Landing(RULES, rules_at(ground.objects, step.head))
        proposal = _proposal(ground, step, landing)
        return question_of(store, base, step.head, data, proposal=proposal)
    located = layout.parse_path(change.path) or layout.Located("")
    rules, runs = (Snapshot(Trees(ground.objects), one) for one in (base, data))
    branch = move_of(question, rules, runs, change, located).proposal
    proposal = _proposal(ground, step, Landing(branch, {change.path: change.new}))
    overlay = Overlay(ground.objects)
    before = ground.objects.commit(base)
    tree, made = apply_edits(overlay, before.tree, {change.path: change.new})
    overlay.add_all(made)
    head = overlay.add(COMMIT, virtual_commit(tree, (base,), before.commit_time))
    asked = question_of(store, base, step.head, data, proposal=proposal)
    return asked._replace(objects=overlay, head=head)


def _proposal(ground: Ground, step: Step, landing: Landing) -> Oid:
    tips = [ground.tips[landing.name]] if landing.name in ground.tips else []
    return proposal_behind(ground.objects, step.head, tips, landing)


def reasons_of(verdict: Verdict) -> list[str]:
    """Why a verdict lets nothing through, a sentence each; none where it passes."""
    title = verdict.change.title if verdict.change else "this change"
    failed = [one for one in verdict.results if one.outcome == FAIL]
    reasons = [f"the gate of {title}: {one.rule}: {one.reason}" for one in failed]
    return reasons or ([] if verdict.passed else [f"the gate of {title}: it is out of date"])
