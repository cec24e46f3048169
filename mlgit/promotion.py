"""Promotions: proposed, reviewed, approved, landed, taken back; with a remote or without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Conflict, Guarded, InvalidState, NotFound
from mlgit.gating import question_of
from mlgit.git.branch import Branch
from mlgit.git.history import cut_off, merge_bases
from mlgit.git.ref_removal import remove_ref
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import HEADS, Update
from mlgit.git.tree import diff, lookup
from mlgit.opened import open_proposal
from mlgit.registry import catalogue
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.verdict import Verdict, passed
from mlgit.registry.guarded import (
    Made,
    commit_here,
    guarded_branch,
    landed_tip,
    oid_of,
    with_edits,
)
from mlgit.registry.proposal_name import PREFIX
from mlgit.registry.proposals.body import body, title
from mlgit.registry.proposals.making import Drafted, Wish, draft
from mlgit.registry.proposals.proposal import Proposal, meant
from mlgit.registry.sight import landed_sight, sight
from mlgit.shared_registry import fetched, known, put

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.transport.protocol import Transport
    from mlgit.git.tree import Edit
    from mlgit.registry.forge.opening import Opening
    from mlgit.store.store import Store

_ATTEMPTS = 5


class Proposed(NamedTuple):
    """A proposal that was made.

    Attributes:
        proposal: The branch.
        verdict: What the gate says of it today.
        opening: How it becomes a pull request; empty where there is no forge.
        remote: Where it was pushed to; "" where nowhere.
    """

    proposal: Proposal
    verdict: Verdict
    opening: Opening | None
    remote: str


def is_guarded(store: Store, wish: Wish) -> bool:
    """Whether a promotion needs a proposal: a gate is there, or the registry is protected."""
    seen = sight(store)
    policy = catalogue.policy(seen.guarded)
    of = policy.of_stage if wish.stage else policy.of_alias
    return seen.guarded is not seen.data or of(wish.model, wish.to) is not None


def propose(store: Store, wish: Wish) -> Proposed:
    """Make a branch of one commit that changes one file, and push it where there is a remote.

    The version must have landed: then the change is one file, and its evidence is there for all.

    Raises:
        NotFound, InvalidValue, InvalidState: There is no such version among what has landed; it
            has the alias already.
        RemoteFailed: The remote cannot be reached, or refuses; the proposal is kept here.
    """
    remote = fetched(store)
    drafted = _drafted(store, wish)
    base = landed_tip(guarded_branch(store))
    made = _proposal(store, drafted, base, wish.reason)
    commit = _put(store, drafted.branch, made)
    proposal = Proposal(drafted.branch, commit, f"{HEADS}{drafted.branch}")
    verdict = judged(store, proposal)
    opening = open_proposal(store, remote, proposal) if remote else None
    return Proposed(proposal, verdict, opening, remote.remote if remote else "")


def land_at_once(store: Store, wish: Wish) -> Verdict:
    """Promote in this clone, without a proposal, where the gate lets it pass; the judgement.

    Raises:
        NotFound, InvalidValue, InvalidState: As `propose`; the registry is protected.
    """
    branch = guarded_branch(store)
    if branch is not store.branch and branch.upstream_tip() is not None:
        raise Guarded(
            f"the registry is protected: only proposals change the branch {branch.name}",
            f"mlgit promote {wish.model}@{wish.number} --to {wish.to} --propose",
        )
    verdicts: list[Verdict] = []

    def build(tip: Oid) -> Made | None:
        drafted = draft(sight(store), wish, store.writer)
        made = _commit(store, tip, drafted.edits, _text(store, drafted, tip, wish.reason))
        verdicts[:] = [_judge_made(store, tip, made)] if made else []
        return made if verdicts and verdicts[0].passed else None

    commit_here(store, branch, build, f"promote: {wish.title}")
    return verdicts[0]


def judged(store: Store, proposal: Proposal) -> Verdict:
    """What the gate says of a proposal today."""
    base, data = landed_tip(guarded_branch(store)), landed_tip(store.branch)
    return judge(question_of(store, base, proposal.commit, data))


def has_landed(store: Store, proposal: Proposal, tip: Oid) -> bool:
    """Whether a branch says what a proposal proposes, or has said so: merged, rebased, squashed."""
    objects = store.repository.objects
    bases = merge_bases(objects, tip, proposal.commit)
    if proposal.commit in bases:
        return True
    before = objects.commit(bases[0]).tree if bases else None
    changed = list(diff(objects, before, objects.commit(proposal.commit).tree))
    commit = tip
    while commit not in bases:
        now = objects.commit(commit)
        if all(lookup(objects, now.tree, one.path) == one.new for one in changed):
            return True
        if not now.parents or commit in cut_off(objects):
            break
        commit = now.parents[0]
    return not changed


def land(store: Store, words: str) -> Verdict:
    """Bring a proposal to the guarded branch where the gate lets it pass; the judgement.

    Pushed where there is a remote; what of the proposal's branch is left is removed.

    Raises:
        NotFound, Ambiguous: There is no such proposal; several fit.
        RemoteFailed: The remote cannot be reached, or refuses.
        Conflict: Others were faster again and again.
    """
    remote = fetched(store)
    proposal = meant(known(store), words)
    verdicts: list[Verdict] = []

    def build(tip: Oid) -> Made | None:
        if has_landed(store, proposal, tip):
            verdicts[:] = [Verdict(None, (passed("scope", "it has landed already"),))]
            return None
        made = _landing(store, proposal, tip)
        verdict = judge(
            question_of(store, tip, proposal.commit, _data(store, tip), proposal=proposal.commit)
        )
        verdicts[:] = [verdict]
        return made if verdict.passed else None

    put(store, remote, build, f"promote: land {proposal.name.removeprefix(PREFIX)}")
    if verdicts[0].passed:
        withdraw(store, words, remote=remote)
    return verdicts[0]


def withdraw(store: Store, words: str, *, remote: Transport | None = None) -> Proposal:
    """Remove a proposal's branch, here and where it was pushed to.

    Raises:
        NotFound, Ambiguous: There is no such proposal; several fit.
        RemoteFailed: The remote cannot be reached, or refuses.
    """
    remote = remote or fetched(store)
    proposal = meant(known(store), words)
    tracking = f"refs/remotes/{remote.remote}/{proposal.name}" if remote else ""
    there = store.repository.refs.read(tracking) if tracking else None
    if remote and there:
        way = transport_to(store.repository, remote.remote, proposal.name)
        way.push([Update(f"{HEADS}{proposal.name}", None, old=there)])
    for ref in (f"{HEADS}{proposal.name}", tracking):
        oid = store.repository.refs.read(ref) if ref else None
        if oid is not None:
            remove_ref(store.repository, ref, oid)
    return proposal


def _drafted(store: Store, wish: Wish) -> Drafted:
    seen = landed_sight(store)
    try:
        return draft(seen, wish, store.writer)
    except NotFound as error:
        here = sight(store)
        if seen.data.commit == here.data.commit:
            raise
        draft(here, wish, store.writer)  # where it is not here either, that says so
        raise InvalidState(
            f"{wish.model}@{wish.number} has not landed: nobody could review it",
            "mlgit push, then promote again",
        ) from error


def _proposal(store: Store, drafted: Drafted, base: Oid, reason: str) -> Made:
    made = _commit(store, base, drafted.edits, _text(store, drafted, base, reason))
    if made is None:
        raise InvalidState(f"{drafted.path} is so already", "mlgit models")
    return made


def _text(store: Store, drafted: Drafted, base: Oid, reason: str) -> str:
    """The message of the commit: what a reviewer needs, as the forge takes it from there."""
    plain = _commit(store, base, drafted.edits, "promote: to be judged")
    if plain is None:
        return "promote: nothing"
    verdict = _judge_made(store, base, plain)
    if verdict.change is None:
        return f"promote: {drafted.path}"
    text = describe(store, verdict, reason)
    from mlgit.registry.forge.opening import runs_checks

    return runs_checks(
        f"{title(verdict.change)}\n\n{text}\n\nMlgit-Model: {verdict.change.model}\n"
    )


def describe(store: Store, verdict: Verdict, reason: str) -> str:
    """The body of a proposal: a comparison with what is in place, and every rule."""
    from mlgit.registry.compare import compare

    change, seen = verdict.change, landed_sight(store)
    if change is None:
        return ""
    try:
        found = compare(seen.data, change.folder, change.old_uid, change.uid)
    except NotFound:
        found = None
    return body(change, found, verdict, reason)


def _commit(store: Store, tip: Oid, edits: Mapping[str, Edit], text: str) -> Made | None:
    return with_edits(store.repository.objects, tip, edits, text, store)


def _judge_made(store: Store, base: Oid, made: Made) -> Verdict:
    """What the gate says of a commit that no ref has."""
    from mlgit.git.oid import COMMIT

    store.repository.objects.write([*made[0], (COMMIT, made[1])], durable=False)
    return judge(question_of(store, base, oid_of(made), _data(store, base)))


def _data(store: Store, tip: Oid) -> Oid:
    """The data branch that goes with a tip of the guarded branch."""
    return tip if guarded_branch(store) is store.branch else landed_tip(store.branch)


def _put(store: Store, name: str, made: Made) -> Oid:
    """Make the branch of a proposal, or move it to a new one."""
    branch = Branch(store.repository, name)
    for _ in range(_ATTEMPTS):
        done = branch.land(branch.tip(), *made, "promote: propose")
        if done is not None:
            return done
    raise Conflict(f"the branch {name} kept moving; nothing was written", "run it again")


def _landing(store: Store, proposal: Proposal, tip: Oid) -> Made | None:
    """The merge of a proposal into the branch as it is now."""
    objects = store.repository.objects
    bases = merge_bases(objects, tip, proposal.commit)
    before = objects.commit(bases[0]).tree if bases else None
    changed = diff(objects, before, objects.commit(proposal.commit).tree)
    edits: dict[str, Edit] = {one.path: one.new for one in changed}
    subject = objects.commit(proposal.commit).message.partition("\n")[0]
    return with_edits(objects, tip, edits, f"{subject}\n", store, proposal.commit)
