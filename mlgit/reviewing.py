"""Reviews: what is proposed, what is said of it, and saying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import InvalidState, MlgitError
from mlgit.git.identity import identity
from mlgit.promotion import describe, has_landed, judged
from mlgit.records import layout
from mlgit.records.approval import Approval, dump_approval, load_approval
from mlgit.registry.gate.approvals import trust_at
from mlgit.registry.guarded import guarded_branch, landed_tip
from mlgit.registry.proposal_name import PREFIX
from mlgit.registry.proposals.proposal import Proposal, meant
from mlgit.registry.proposals.signing_key import public_key
from mlgit.registry.sight import landed_sight
from mlgit.shared_registry import fetched, known, write
from mlgit.store.message import message

if TYPE_CHECKING:
    from mlgit.registry.gate.verdict import Verdict
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


class Reviewed(NamedTuple):
    """A proposal with all that is known of it.

    Attributes:
        proposal: The branch.
        verdict: What the gate says today.
        state: `open`, `failing`, `stale`, `rejected` or `landed`.
        author: Whose name its commit has.
        at: When it was made, milliseconds UTC.
        words: What people said of exactly this tree.
    """

    proposal: Proposal
    verdict: Verdict
    state: str
    author: str
    at: int
    words: tuple[Approval, ...]

    @property
    def short(self) -> str:
        """`churn/production/v5-b3c94f0e`."""
        return self.proposal.name.removeprefix(PREFIX)


def reviews(store: Store, *, fetch: bool = True) -> list[Reviewed]:
    """Every proposal, by name.

    Raises:
        RemoteFailed: The remote cannot be reached.
    """
    if fetch:
        fetched(store)
    return [reviewed(store, one) for one in known(store)]


def review(store: Store, words: str, *, fetch: bool = True) -> tuple[Reviewed, str]:
    """One proposal, and the text that says everything a reviewer needs, in Markdown.

    Raises:
        NotFound, Ambiguous: There is no such proposal; several fit.
        RemoteFailed: The remote cannot be reached.
    """
    if fetch:
        fetched(store)
    found = reviewed(store, meant(known(store), words))
    return found, describe(store, found.verdict, "")


def say(store: Store, words: str, verdict: str, comment: str = "") -> Approval:
    """Approve or reject a proposal as it is now: a file, in a commit of one's own.

    It is signed where git is configured to sign with an ssh key, and bound to the proposal's tree:
    whatever is pushed to the proposal later makes it void.

    Raises:
        NotFound, Ambiguous: There is no such proposal; several fit.
        InvalidState: The store names signers, and this key is none of theirs.
        RemoteFailed: The remote cannot be reached, or refuses.
    """
    fetched(store)
    proposal = meant(known(store), words)
    tree = store.repository.objects.commit(proposal.commit).tree.decode("ascii")
    by = _who(store)
    word = Approval(proposal.name, tree, verdict, times.now_ms(), by, comment)
    path = layout.approval_path(layout.folder_name(proposal.name), layout.folder_name(by))
    text = message(f"review: {by} would {verdict} {proposal.name.removeprefix(PREFIX)}")
    write(store, {path: dump_approval(word)}, text, signed=True)
    return word


def reviewed(store: Store, proposal: Proposal) -> Reviewed:
    """A proposal with all that is known of it."""
    verdict, base = judged(store, proposal), landed_sight(store).guarded
    info = store.repository.objects.commit(proposal.commit)
    words = tuple(_words(base, proposal, info.tree.decode("ascii")))
    state = _state(store, proposal, verdict, words)
    author = info.author.partition(" <")[0]
    return Reviewed(proposal, verdict, state, author, info.author_time * 1000, words)


def _state(store: Store, proposal: Proposal, verdict: Verdict, words: tuple[Approval, ...]) -> str:
    if has_landed(store, proposal, landed_tip(guarded_branch(store))):
        return "landed"
    if verdict.stale:
        return "stale"
    if any(word.verdict == "reject" for word in words):
        return "rejected"
    return "open" if verdict.passed else "failing"


def _words(base: Snapshot, proposal: Proposal, tree: str) -> list[Approval]:
    folder = f"approvals/{layout.folder_name(proposal.name)}"
    found: list[Approval] = []
    for name in base.names(folder):
        try:
            word = load_approval(base.read(f"{folder}/{name}") or b"")
        except MlgitError:
            continue
        if word.tree == tree:
            found.append(word)
    return found


def _who(store: Store) -> str:
    """Who the user is: the name of their key where the store names signers, else their address."""
    trust, config = trust_at(landed_sight(store).guarded), store.repository.config
    if not trust.signers:
        return identity(config)[1]
    mine = public_key(config)
    for one in trust.who_may("approve"):
        if mine and one.key.split()[:2] == mine.split()[:2]:
            return one.name
    raise InvalidState(
        "only signed approvals count here, and no key of yours is in trust.yaml",
        "git config --global gpg.format ssh, git config --global user.signingkey FILE, "
        "and have its public half added",
    )
