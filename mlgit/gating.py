"""The gate with all it asks for: remotes looked at, code's branches, signatures checked."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.history import is_ancestor
from mlgit.git.oid import is_oid
from mlgit.git.revision import commit_of
from mlgit.git.signed import signer_of
from mlgit.git.tree import lookup
from mlgit.registry.gate.approvals import trust_at
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.landing import landing_of, proposal_behind
from mlgit.registry.gate.verdict import Copies, Question
from mlgit.registry.proposals.proposal import proposals
from mlgit.store.activity import newest_first
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository
    from mlgit.registry.gate.verdict import Verdict
    from mlgit.registry.proposals.proposal import Proposal
    from mlgit.store.store import Store

_FAR = 20_000  # commits that are looked through for who made an approval


def gate(store: Store, base: str, head: str, *, data: str = "", deep: bool = False) -> Verdict:
    """Whether a change of the registry may land; nothing of it is checked out or run.

    Args:
        store: Where both are.
        base: The branch it would land on, as git names it.
        head: The proposal, or the merge of it.
        data: The data branch as far as it has landed; `base` where that holds the runs.
        deep: Read every byte of the artifacts on the remotes, instead of asking for their sizes.

    Raises:
        NotFound: git knows no such commit.
    """
    known = [commit_of(store.repository, one) for one in (base, head, data or base)]
    question = question_of(store, *known, deep=deep)
    landing = landing_of(question)
    if landing is None:
        return judge(question)
    tips = [one.commit for one in _of_name(store.repository, landing.name)]
    proposal = proposal_behind(question.objects, question.head, tips, landing)
    return judge(question_of(store, *known, proposal=proposal, deep=deep))


def _of_name(repository: Repository, name: str) -> Iterator[Proposal]:
    """The proposals of that name that are known here, of any remote."""
    for remote in ("", *repository.config.subsections("remote")):
        yield from (one for one in proposals(repository, remote) if one.name == name)


def question_of(
    store: Store, base: Oid, head: Oid, data: Oid, *, proposal: Oid = b"", deep: bool = False
) -> Question:
    """The question with all that this clone can look at."""
    objects = store.repository.objects
    rules = Snapshot(Trees(objects), base)
    return Question(
        objects=objects,
        base=base,
        head=head,
        data=data,
        proposal=proposal,
        held=lambda folder: _held(store, Snapshot(Trees(objects), data), folder, deep=deep),
        code=lambda commit, patterns: branch_with(store.home, commit, patterns),
        signer=lambda path, _: _signer(rules, path, "approve"),
        authors=_authors(rules, proposal or head),
    )


def branch_with(code: Repository, commit: str, patterns: tuple[str, ...]) -> str | None:
    """The branch that fits a pattern and holds a commit; "" where none does, None: not known.

    Branches of remotes count where any fits: what somebody calls `main` here proves nothing.
    """
    oid = commit.encode("ascii", "replace")
    if not (is_oid(oid) and code.objects.contains(oid)):
        return None
    for name, ref in _branches(code, patterns):
        tip = code.refs.read(ref)
        if tip is not None and is_ancestor(code.objects, oid, tip):
            return name
    return ""


def _branches(code: Repository, patterns: tuple[str, ...]) -> list[tuple[str, str]]:
    """Short name and ref of the branches that count."""
    remote = [(ref.split("/", 3)[3], ref) for ref in code.refs.names("refs/remotes/")]
    local = [(ref.removeprefix("refs/heads/"), ref) for ref in code.refs.names("refs/heads/")]
    for found in (remote, local):
        fitting = [pair for pair in found if any(fnmatchcase(pair[0], one) for one in patterns)]
        if fitting:
            return fitting
    return []


def _held(store: Store, data: Snapshot, folder: str, *, deep: bool) -> Copies | None:
    """How the artifacts of a run or model are kept on the remotes that are trusted here."""
    from mlgit.holdings.gather import reach
    from mlgit.holdings.named import Named
    from mlgit.holdings.verify import verify_remotes

    entries = data.manifest(folder)
    size = sum(entry.size for entry in entries)
    apart = {one.sha256: one for one in entries if one.sha256 and not one.inline}
    outside = tuple(f"{one.path}: kept elsewhere, at {one.uri}" for one in entries if one.uri)
    if not apart:
        return Copies(len(entries), size, EVERYWHERE, outside)
    try:
        remotes = reach(store).remotes
        named = [Named(one.sha256, one.size, folder, one.path) for one in apart.values()]
        found = verify_remotes(store, remotes, named, len(remotes), deep=deep)
    except MlgitError as error:
        return Copies(len(entries), size, 0, (error.message,))
    lacking = [sum(one.named.sha256 == sha for one in found) for sha in apart]
    least = len(remotes) - max(lacking, default=0)
    damaged = [one for one in found if one.problem == "damaged"]
    wrong = (f"{one.named.path}: damaged on {one.place}" for one in damaged)
    return Copies(len(entries), size, least, (*outside, *wrong))


EVERYWHERE = 1_000  # copies of what git itself keeps: every clone has it


def _signer(rules: Snapshot, path: str, act: str) -> str:
    """Who signed the commit that brought a file as it is in the base; "" where nobody known did."""
    made = next(_makers(rules, path), None)
    return _signed_by(rules, made, act) if made else ""


def _makers(rules: Snapshot, path: str) -> Iterator[Oid]:
    """The commits, newest first, from which on a file is what it is."""
    objects, wanted = rules.objects, lookup(rules.objects, rules.tree, path)
    for count, (oid, info) in enumerate(newest_first(objects, rules.commit)):
        if count == _FAR:
            return
        try:
            trees = [objects.commit(one).tree for one in info.parents]
            if lookup(objects, info.tree, path) == wanted and wanted not in [
                lookup(objects, tree, path) for tree in trees
            ]:
                yield oid
        except (NotFound, Damaged):
            return


def _signed_by(rules: Snapshot, commit: Oid, act: str) -> str:
    keys = [(one.name, one.key) for one in trust_at(rules).who_may(act)]
    return (signer_of(rules.objects, commit, keys) or "") if keys else ""


def _authors(rules: Snapshot, proposal: Oid) -> frozenset[str]:
    """Who proposes: by signature where there is one, and what the commit says."""
    try:
        name, _, email = rules.objects.commit(proposal).author.partition(" <")
        signer = _signed_by(rules, proposal, "promote")
    except MlgitError:
        return frozenset()
    return frozenset({name, email.rstrip(">"), signer} - {""})
