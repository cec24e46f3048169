"""Proposals as they are found: branches of one commit, here or on the remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Ambiguous, NotFound
from mlgit.registry.proposal_name import PREFIX

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

_HEADS = "refs/heads/"


class Proposal(NamedTuple):
    """One branch that proposes a change of the registry.

    Attributes:
        name: Of the branch: `mlgit-promote/churn/production/v5-b3c94f0e`.
        commit: Where it is; the remote's, where the remote has it.
        ref: Where that was found.
    """

    name: str
    commit: Oid
    ref: str


def proposals(repository: Repository, remote: str = "") -> list[Proposal]:
    """Every proposal that is known here, by name.

    What the remote has counts before what is here: others review that.
    """
    found: dict[str, Proposal] = {}
    for prefix in (_HEADS, *([f"refs/remotes/{remote}/"] if remote else [])):
        for ref in repository.refs.names(prefix + PREFIX):
            oid = repository.refs.read(ref)
            if oid is not None:
                name = ref.removeprefix(prefix)
                found[name] = Proposal(name, oid, ref)
    return [found[name] for name in sorted(found)]


def meant(known: list[Proposal], words: str) -> Proposal:
    """The proposal that is meant: its name, or so much of it as is only once there.

    `churn/production` is the one for that alias; `churn/production/v5` one of several.

    Raises:
        NotFound, Ambiguous: None is; several are.
    """
    wanted = PREFIX + words.removeprefix(PREFIX).strip("/")
    found = [one for one in known if one.name == wanted] or [
        one for one in known if one.name.startswith((f"{wanted}/", f"{wanted}-"))
    ]
    if not found:
        names = [one.name.removeprefix(PREFIX) for one in known]
        raise NotFound(f"there is no proposal {words!r}", "mlgit proposals", candidates=names[:5])
    if len(found) > 1:
        names = [one.name.removeprefix(PREFIX) for one in found]
        raise Ambiguous(f"{len(found)} proposals fit {words!r}", candidates=names)
    return found[0]
