"""A server's answer to a push: which branches may not move so, and why.

Nothing of the push is run, checked out or written; it works where git has set its objects apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError
from mlgit.records.epoch import parts_of
from mlgit.registry.proposal_name import PREFIX
from mlgit.registry.pushed import guarded, proposal
from mlgit.registry.pushed.arrived import arrived, hostile
from mlgit.registry.pushed.ground import Ground
from mlgit.registry.pushed.history import (
    begins_an_epoch,
    begins_anew,
    fresh,
    is_forced,
    other_roots,
    steps,
)
from mlgit.registry.pushed.sealed import broken, malformed
from mlgit.registry.pushed.update import Refusal, Update
from mlgit.serverside_gate import gate_of
from mlgit.store.lineage import epoch_at
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

HEADS = "refs/heads/"
MOST = 20  # reasons that one branch is given
_USERS = ("MLGIT_USER", "GL_USER", "REMOTE_USER")
_FORCED = "it would take commits away from a branch that only grows"


def judge(repository: Repository, updates: Sequence[Update], user: str = "") -> list[Refusal]:
    """Every reason against a push; none where all of it may land.

    Branches that are not mlgit's are not looked at. What cannot be judged is refused.

    Args:
        repository: The one that is pushed to, in the environment that git gives to a hook.
        updates: The refs that are to move.
        user: Who pushes, as whoever let them in says: `user_of`.

    Raises:
        StorageFailed, Damaged: The branches that are there cannot be listed.
    """
    ground = ground_of(repository, user)
    ours = [one for one in updates if _is_ours(ground, one.ref)]
    found: list[Refusal] = []
    for one in ours:
        try:
            reasons = list(islice(_against(repository, ground, one), MOST))
        except MlgitError as error:
            reasons = [f"it cannot be judged: {error.message}"]
        found += [Refusal(one.ref, reason, _hint(ground, one, reason)) for reason in reasons]
    return found


def ground_of(repository: Repository, user: str = "") -> Ground:
    """The branches of a repository as they are."""
    refs = repository.refs
    read = ((ref.removeprefix(HEADS), refs.read(ref)) for ref in refs.names(HEADS))
    tips = {name: tip for name, tip in read if tip is not None}
    return Ground(repository.objects, tips, data_branch(repository), user)


def data_branch(repository: Repository) -> str:
    """The name of the data branch: `mlgit`, or what the server's `mlgit.branch` says."""
    return repository.config_get("mlgit", "branch") or "mlgit"


def user_of() -> str:
    """Who pushes: what ssh's forced command, gitolite or the web server says; "" if nobody does.

    Never what a commit says of itself.
    """
    return next((os.environ[name] for name in _USERS if os.environ.get(name)), "")


def _is_ours(ground: Ground, ref: str) -> bool:
    # Where case does not count, another spelling is the same branch to the file system.
    name = ref.removeprefix(HEADS).casefold()
    kept = {ground.data.casefold(), ground.registry.casefold()}
    return ref.startswith(HEADS) and (name in kept or name.startswith(PREFIX))


def _against(repository: Repository, ground: Ground, update: Update) -> Iterator[str]:
    name = update.ref.removeprefix(HEADS)
    proposed = name.startswith(PREFIX)
    if not proposed and name not in (ground.data, ground.registry):
        yield "only upper and lower case tell it from a branch of mlgit"
    elif update.new is None and name == ground.registry:
        yield from guarded.given_up(ground)
    elif update.new is None:
        yield from () if proposed else ("it would be deleted",)
    else:
        traps = list(hostile(ground.objects, arrived(repository, [update.new])))
        yield from traps
        if traps:
            return
        if proposed:
            yield from proposal.refused(ground, name, update.new)
        else:
            yield from _growing(repository, ground, name, update.old, update.new)


def _growing(
    repository: Repository, ground: Ground, name: str, old: Oid | None, new: Oid
) -> Iterator[str]:
    """Reasons against a push to the data branch or the guarded one."""
    objects = ground.objects
    spared: frozenset[str] = frozenset()
    if old and is_forced(objects, old, new):
        may = repository.config.flag("mlgit", "allowforget", default=False)
        begun = begins_an_epoch if name == ground.data else begins_anew
        if not (may and begun(objects, old, new)):
            yield _FORCED
            return
        epoch = epoch_at(objects, new)
        spared = frozenset(parts_of(epoch.forgotten)) if epoch else frozenset()
    for root in other_roots(objects, fresh(objects, old, new)):
        yield f"it holds another history, which begins with {root.decode()[:12]}"
    snapshot = Snapshot(Trees(objects), new, name)
    if name == ground.data:
        yield from broken(snapshot, old, spared, guards=ground.guarded == ground.data)
    else:
        yield from malformed(snapshot, old or ground.tips.get(ground.data))
    yield from _registry(repository, ground, name, old, new)


def _registry(
    repository: Repository, ground: Ground, name: str, old: Oid | None, new: Oid
) -> Iterator[str]:
    """Reasons of the registry: each commit on the way counts by itself."""
    if name == ground.registry and old is None:
        yield from guarded.begun(ground, new)
        return
    apart = name == ground.data and ground.guarded != ground.data
    gate = gate_of(repository, ground.data)
    for step in steps(ground.objects, old, new):
        yield from (
            guarded.mirrored(ground, step) if apart else guarded.refused(ground, step, gate)
        )


def _hint(ground: Ground, update: Update, reason: str) -> str:
    if reason == _FORCED:
        return "mlgit sync; a new epoch (mlgit forget) needs mlgit.allowForget on the server"
    if update.ref == f"{HEADS}{ground.guarded}" and reason.startswith("the gate"):
        return "propose it, let it be approved, and land it: mlgit promote --propose"
    return ""
