"""One branch for all, or a branch of its own for what decides: from one to the other and back.

The guarded branch is cut from the data branch, so both have one history: `git log` of an alias
goes on across the move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Conflict, InvalidState
from mlgit.git.branch import Branch
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import merge_bases
from mlgit.git.lock import writer_lock
from mlgit.git.ref_removal import remove_ref
from mlgit.git.tree import lookup
from mlgit.records import layout
from mlgit.records.settings import Registry, dump_settings
from mlgit.registry.catalogue import MODELS
from mlgit.registry.guarded import SUFFIX, commit_here, guarded_branch, landed_tip, with_edits
from mlgit.store.message import message
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Edit
    from mlgit.registry.guarded import Made
    from mlgit.store.store import Store

#: What decides, besides the pointers of each model; the files of forges, too.
RULES = (layout.POLICY, layout.TRUST, "approvals", *layout.OF_FORGES)
_POINTERS = ("aliases", "stages")
_SHARED = (layout.ATTRIBUTES,)


def protect(store: Store) -> bool:
    """Move what decides to a branch of its own; False where it is there already.

    Raises:
        StorageFailed, Conflict, Unsupported: As `Store.apply`.
    """
    if guarded_branch(store) is not store.branch:
        return False
    apart = Branch(store.repository, store.branch.name + SUFFIX)
    tip = store.snapshot().commit
    with writer_lock(store.state):
        if apart.land(None, *_cut(store, tip, apart.name), "registry: cut off") is None:
            raise Conflict(f"another program made the branch {apart.name}", "run it again")

    def clear(tip: Oid) -> Made | None:
        here = Snapshot(Trees(store.repository.objects), tip)
        settings = here.settings()._replace(registry=Registry(protected=True))
        edits: dict[str, Edit] = dict.fromkeys(_guarded(here))
        edits[layout.SETTINGS] = dump_settings(settings)
        text = message(f"registry: aliases, stages and rules stand on {apart.name} from now on")
        return with_edits(here.objects, tip, edits, text, store)

    commit_here(store, store.branch, clear, "registry: protected")
    return True


def reopen(store: Store) -> bool:
    """Bring what decides back to the data branch, with its history; False where it is there.

    The branch of its own is removed here; where it was shared it has to be deleted at the remote,
    too: until then it counts for whoever fetches it.

    Raises:
        StorageFailed, Conflict, Unsupported: As `Store.apply`.
    """
    apart = guarded_branch(store)
    if apart is store.branch:
        return False
    theirs = Snapshot(Trees(store.repository.objects), landed_tip(apart))

    def bring(tip: Oid) -> Made | None:
        here = Snapshot(Trees(store.repository.objects), tip)
        edits: dict[str, Edit] = {
            path: lookup(here.objects, theirs.tree, path) for path in _guarded(theirs)
        }
        edits[layout.SETTINGS] = dump_settings(here.settings()._replace(registry=Registry()))
        text = message(f"registry: aliases, stages and rules stand on {store.branch.name} again")
        joined = merge_bases(here.objects, tip, theirs.commit) not in ([], [ROOT_COMMIT])
        # Of an older epoch only what it says now is taken: its history holds what was forgotten.
        others = [theirs.commit] if joined else []
        return with_edits(here.objects, tip, edits, text, store, *others)

    commit_here(store, store.branch, bring, "registry: open")
    for ref in (apart.ref, *_tracking(store, apart.name)):
        oid = store.repository.refs.read(ref)
        if oid is not None:
            remove_ref(store.repository, ref, oid)
    return True


def _cut(store: Store, tip: Oid, name: str) -> Made:
    """The first commit of the guarded branch: all but what it guards is gone from it."""
    here = Snapshot(Trees(store.repository.objects), tip)
    kept = {*RULES, *_SHARED, "registry"}
    edits: dict[str, Edit] = {top: None for top in here.names("") if top not in kept}
    for model in here.names(MODELS):
        others = set(here.names(f"{MODELS}/{model}")) - set(_POINTERS)
        edits |= {f"{MODELS}/{model}/{other}": None for other in others}
    text = message(f"registry: {name} guards aliases, stages and rules")
    made = with_edits(here.objects, tip, edits, text, store)
    if made is None:
        raise InvalidState("the store is empty: there is nothing to guard", "mlgit log-run")
    return made


def _guarded(snapshot: Snapshot) -> list[str]:
    """The files and folders of a branch that are for the guarded one."""
    there = [path for path in RULES if lookup(snapshot.objects, snapshot.tree, path)]
    for model in snapshot.names(MODELS):
        found = set(snapshot.names(f"{MODELS}/{model}"))
        there += [f"{MODELS}/{model}/{kind}" for kind in _POINTERS if kind in found]
    return there


def _tracking(store: Store, name: str) -> list[str]:
    suffix = f"/{name}"
    return [ref for ref in store.repository.refs.names("refs/remotes/") if ref.endswith(suffix)]
