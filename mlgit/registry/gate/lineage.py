"""The rules of where a version comes from: its code, its data, its tags, what it held before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlgit.records.model_name import stage_of
from mlgit.records.pointer import STAGES
from mlgit.registry import catalogue
from mlgit.registry.find import stage_name
from mlgit.registry.gate.verdict import WARN, Result, failed, passed

if TYPE_CHECKING:
    from mlgit.records.policy import Gate
    from mlgit.registry.gate.facts import Facts
    from mlgit.registry.gate.verdict import Decision, Question
    from mlgit.store.snapshot import Snapshot


def source_results(gate: Gate, decision: Decision, base: Snapshot) -> Iterator[Result]:
    """Whether the version holds one of the aliases or stages that it must come from."""
    if not gate.sources:
        return
    held = {one.alias for one in catalogue.aliases(base, decision.folder) if _counts(one, decision)}
    stage = stage_name(catalogue.stages(base, decision.folder).get(decision.uid))
    stages = {stage_of(one) for one in gate.sources if one.title() in STAGES}
    there = sorted(held & set(gate.sources)) or ([stage] if stage in stages else [])
    if there:
        yield passed("from", f"it is {there[0]}")
    else:
        yield failed("from", f"it is none of {', '.join(gate.sources)}")


def _counts(alias: object, decision: Decision) -> bool:
    return getattr(alias, "uid", "") == decision.uid and not getattr(alias, "contested", True)


def code_results(gate: Gate, candidate: Facts, question: Question) -> Iterator[Result]:
    """Whether the code was committed, and is on a branch that is allowed."""
    run = candidate.run
    if not gate.clean and not gate.branches:
        return
    if run is None or not run.code.commit:
        yield failed("code", "no commit of the code is known")
        return
    short = run.code.commit[:12]
    if gate.clean:
        dirty = f"the run was made with uncommitted changes on top of {short}"
        yield failed("clean", dirty) if run.code.dirty else passed("clean", f"made from {short}")
    if gate.branches:
        yield _on_branch(question.code(run.code.commit, gate.branches), short, gate.branches)


def _on_branch(found: str | None, short: str, patterns: tuple[str, ...]) -> Result:
    wanted = ", ".join(patterns)
    if found is None:
        return failed("branches", f"the code's commit {short} is not here: fetch {wanted}")
    if not found:
        return failed("branches", f"the code's commit {short} is on none of {wanted}")
    return passed("branches", f"the code's commit {short} is on {found}")


def tag_results(gate: Gate, candidate: Facts) -> Iterator[Result]:
    """Whether the version has the tags that it must have."""
    for key, wanted in gate.tags.items():
        rule, found = f"tag {key}", candidate.version.tags.get(key)
        if found is None:
            yield failed(rule, "the version has no such tag")
        elif wanted not in ("", found):
            yield failed(rule, f"it is {found!r}, not {wanted!r}")
        else:
            yield passed(rule, f"it is {found!r}")


def data_results(gate: Gate, candidate: Facts, current: Facts | None) -> Iterator[Result]:
    """Whether both were made with the same data, or others are allowed."""
    if current is None or candidate.version.uid == current.version.uid:
        return
    ours, theirs = (_digests(one) for one in (candidate, current))
    if ours == theirs:
        if ours:
            yield passed("data", "the same data as the version in place")
        return
    reason = f"{_said(theirs)} in place, {_said(ours)} in the candidate"
    if gate.allow_dataset_change:
        yield Result("data", WARN, f"other data, which the policy allows: {reason}")
    else:
        yield failed("data", f"other data: {reason}; `allow_dataset_change: true` would allow it")


def _digests(facts: Facts) -> frozenset[tuple[str, str, str]]:
    """What was read, and as what: training on the test set of another is other data."""
    return frozenset(
        (one.name, one.digest, one.tags.get("mlflow.data.context", "")) for one in facts.datasets
    )


def _said(digests: frozenset[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name} {digest}" for name, digest, _ in sorted(digests)) or "none is named"
