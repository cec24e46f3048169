"""The rule of approvals: enough people said yes to exactly this tree, and nobody no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.approval import load_approval
from mlgit.records.trust import Trust, load_trust
from mlgit.registry.gate.verdict import Result, failed, passed
from mlgit.store.snapshot import parsed

if TYPE_CHECKING:
    from mlgit.records.approval import Approval
    from mlgit.records.policy import Approvals
    from mlgit.registry.gate.verdict import Question
    from mlgit.store.snapshot import Snapshot


class Word(NamedTuple):
    """What one person said, and who that is proved to be."""

    who: str
    verdict: str
    signed: bool


def approval_results(
    asked: Approvals, proposal: str, question: Question, base: Snapshot
) -> Iterator[Result]:
    """Whether the proposal of that name is approved as it was asked for."""
    if asked.number:
        yield _weighed(asked, list(_words(proposal, question, base)), question.authors, base)


def _weighed(
    asked: Approvals, words: list[Word], authors: frozenset[str], base: Snapshot
) -> Result:
    """What the words come to."""
    trust = trust_at(base)
    if asked.not_author and trust.signers and authors.isdisjoint(_names(trust)):
        why = "nobody signed the proposal: who must not approve it is not known"
        return failed("approvals", why)
    counted = trust.people(asked.who)
    said = [word for word in words if not counted or word.who in counted]
    against = sorted({word.who for word in said if word.verdict == "reject"})
    if against:
        return failed("approvals", f"{', '.join(against)} said no")
    barred = authors if asked.not_author else frozenset[str]()
    approved = {word.who for word in said if word.verdict == "approve"} - barred
    if len(approved) < asked.number:
        return failed("approvals", _lacking(asked, approved, words))
    signed = "" if all(word.signed for word in said) else " (not signed)"
    by = ", ".join(sorted(approved))
    return passed("approvals", f"{len(approved)} of {asked.number}: {by}{signed}")


def _names(trust: Trust) -> set[str]:
    return {one.name for one in trust.signers}


def trust_at(base: Snapshot) -> Trust:
    """The signers of the base; none where there is no such file.

    Raises:
        Damaged, Unsupported: It cannot be read: then nobody's word counts.
    """
    data = base.read(layout.TRUST)
    return Trust() if data is None else parsed(layout.TRUST, data, load_trust)


def _words(proposal: str, question: Question, base: Snapshot) -> Iterator[Word]:
    """The approvals of exactly this tree, each by whom it is proved to be."""
    commit, trust = question.proposal or question.head, trust_at(base)
    tree = question.objects.commit(commit).tree.decode("ascii")
    folder = f"approvals/{layout.folder_name(proposal)}"
    allowed = {one.name for one in trust.who_may("approve")}
    for name in base.names(folder):
        path = f"{folder}/{name}"
        word = _word(base, path)
        if word is None or word.tree != tree or word.proposal != proposal:
            continue
        signer = question.signer(path, word)
        if signer in allowed:
            yield Word(signer, word.verdict, signed=True)
        elif not trust.signers:  # where nobody signs, the server or the forge has to know who
            yield Word(word.by, word.verdict, signed=False)


def _word(base: Snapshot, path: str) -> Approval | None:
    with suppress(Damaged):
        data = base.read(path) if layout.parse_path(path) else None
        return load_approval(data) if data else None
    return None


def _lacking(asked: Approvals, approved: set[str], words: list[Word]) -> str:
    among = f" of {', '.join(asked.who)}" if asked.who else ""
    said = f"{len(approved)} of {asked.number} approvals{among}"
    others = sorted({word.who for word in words if word.verdict == "approve"} - approved)
    return f"{said}; {', '.join(others)} does not count" if others else said
