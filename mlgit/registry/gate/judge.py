"""The judgement: may this change of the registry land?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError
from mlgit.records.pointer import Alias
from mlgit.records.policy import Approvals, Gate, Policy
from mlgit.registry import catalogue
from mlgit.registry.gate.approvals import approval_results
from mlgit.registry.gate.bytes import artifact_results, pin_results, signature_results
from mlgit.registry.gate.decision import Move, move_of
from mlgit.registry.gate.facts import Facts, facts_of
from mlgit.registry.gate.freshness import stale_reasons
from mlgit.registry.gate.lineage import code_results, data_results, source_results, tag_results
from mlgit.registry.gate.metrics import metric_results
from mlgit.registry.gate.scope import Scope, scope_of
from mlgit.registry.gate.verdict import Decision, Question, Result, Verdict, failed, passed
from mlgit.registry.proposal_name import RULES
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid


def judge(question: Question) -> Verdict:
    """Whether a change may land, by the policy of the base alone, with a reason for every rule.

    Nothing of the change is run or checked out. What cannot be read passes nothing; the error is
    the reason.

    Source of the workflow and its rules: docs/gate.md.
    """
    try:
        return _judge(question)
    except MlgitError as error:
        return Verdict(None, (failed("readable", error.message),))


def _judge(question: Question) -> Verdict:
    scope = scope_of(question)
    base = _snapshot(question, question.base)
    if scope.rules:
        return _rules(question, scope, base)
    if scope.pointer is None or scope.located is None:
        if scope.wrong:
            return Verdict(None, (failed("scope", scope.wrong),))
        return Verdict(None, (passed("scope", "it moves no alias and no stage"),))
    data = _snapshot(question, question.data)
    move = move_of(question, base, data, scope.pointer, scope.located)
    if scope.wrong:
        return Verdict(move.decision, (failed("scope", scope.wrong),))
    policy = catalogue.policy(base)
    if move.new is None or not move.decision.uid:
        results = _approved(_leaving(policy, move), question, move, base)
        return Verdict(move.decision, (passed("scope", "it changes one file"), *results))
    return _moved(question, policy, move, base, data)


def _moved(
    question: Question, policy: Policy, move: Move, base: Snapshot, data: Snapshot
) -> Verdict:
    """A version that gets an alias or enters a stage."""
    decision = move.decision
    candidate = facts_of(data, decision.folder, decision.uid)
    if candidate is None or candidate.version.number != decision.number:
        what = f"v{decision.number} has not landed, or was deleted: mlgit push"
        return Verdict(decision, (failed("version", what),))
    if candidate.run is not None and candidate.run.lifecycle != "active":
        return Verdict(decision, (failed("version", "the run that made it is deleted"),))
    current = facts_of(data, decision.folder, decision.old_uid) if decision.old_uid else None
    if current is not None:
        decision = decision._replace(old_number=current.version.number)
    stale = tuple(failed("fresh", why) for why in stale_reasons(question, move, candidate))
    gate = _gate(policy, decision)
    results = (
        passed("scope", "it changes one file"),
        *stale,
        *_pinned(move, candidate),
        *_ruled(gate, decision, question, base, candidate, current, _is_rollback(move)),
        *_approved(_asked(policy, gate, move), question, move, base),
    )
    return Verdict(decision, results, stale=bool(stale))


def _ruled(
    gate: Gate,
    decision: Decision,
    question: Question,
    base: Snapshot,
    candidate: Facts,
    current: Facts | None,
    rollback: bool,
) -> Iterator[Result]:
    if rollback:  # what was in place is known to have passed; only that it is whole must be shown
        yield passed("rollback", f"v{decision.number} was in place before: metrics are not asked")
    else:
        yield from source_results(gate, decision, base)
        yield from code_results(gate, candidate, question)
        yield from metric_results(gate, candidate, current)
        yield from data_results(gate, candidate, current) if gate != Gate() else ()
        yield from signature_results(gate, candidate, current)
    yield from tag_results(gate, candidate)
    yield from artifact_results(gate, candidate, question)


def _is_rollback(move: Move) -> bool:
    """Whether an alias goes back to the version that it left last."""
    new, old = move.new, move.old
    return isinstance(new, Alias) and isinstance(old, Alias) and new.version == old.previous


def _pinned(move: Move, candidate: Facts) -> Iterator[Result]:
    if isinstance(move.new, Alias):
        yield from pin_results(move.new.manifest, candidate)


def _gate(policy: Policy, decision: Decision) -> Gate:
    of = policy.of_stage if decision.kind == "stage" else policy.of_alias
    return of(decision.model, decision.name) or Gate()


def _leaving(policy: Policy, move: Move) -> Approvals:
    """Whose word it takes to take an alias away, or a version out of a stage."""
    decision, name = move.decision, move.left or move.decision.name
    gate = _gate(policy, decision._replace(name=name))
    return gate.approvals


def _asked(policy: Policy, gate: Gate, move: Move) -> Approvals:
    """Of the gates of the stage that is entered and of the one that is left, who ask for more."""
    if move.decision.kind == "alias":
        return gate.approvals
    return max(gate.approvals, _leaving(policy, move), key=lambda one: one.number)


def _approved(asked: Approvals, question: Question, move: Move, base: Snapshot) -> Iterator[Result]:
    return approval_results(asked, move.proposal, question, base)


def _rules(question: Question, scope: Scope, base: Snapshot) -> Verdict:
    """A change of the rules: alone, and with the words that the strictest gate asks for."""
    decision = Decision("policy", ", ".join(scope.rules))
    if scope.wrong:
        return Verdict(decision, (failed("scope", scope.wrong),))
    head = _snapshot(question, question.head)
    catalogue.policy(head)  # one that cannot be read would pass nothing from then on
    policy = catalogue.policy(base)
    gates = [*policy.aliases.values(), *policy.stages.values()]
    asked = max((gate.approvals for gate in gates), key=lambda one: one.number, default=Approvals())
    results = approval_results(asked, RULES, question, base)
    return Verdict(decision, (passed("scope", "it changes the rules alone"), *results))


def _snapshot(question: Question, commit: Oid) -> Snapshot:
    return Snapshot(Trees(question.objects), commit)
