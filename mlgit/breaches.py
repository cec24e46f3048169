"""Aliases, stages and rules that stand where no gate has let them through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.gating import EVERYWHERE
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off, is_ancestor
from mlgit.git.oid import is_oid
from mlgit.git.tree import TreeChange, lookup, walk
from mlgit.records import layout
from mlgit.records.pointer import load_alias, load_stage
from mlgit.registry import catalogue
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.verdict import Copies
from mlgit.registry.guarded import SUFFIX
from mlgit.registry.history import steps
from mlgit.registry.pushed.ground import Ground
from mlgit.registry.pushed.history import Step
from mlgit.registry.pushed.pointers import is_gated
from mlgit.registry.sight import sight
from mlgit.serverside_gate import reasons_of, step_question
from mlgit.store.problem import Problem

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.registry.sight import Sight
    from mlgit.store.store import Store

_RULES = (layout.POLICY, layout.TRUST)
_HINT = "promote it again through a proposal, or take it back: mlgit rollback"


def breaches(store: Store) -> list[Problem]:
    """What was changed last by a commit that the gate of that time would have refused.

    What a server or a forge refuses never gets here; this is for where there is none. Copies on
    remotes are not asked for afterwards, nor a commit of the code that is not here.

    Raises:
        NoStore, InvalidState: A branch is gone.
    """
    seen = sight(store)
    where = "" if seen.guarded is seen.data else f"{seen.guarded.ref}:"
    found: list[Problem] = []
    for path, step in _last(seen):
        for reason in _reasons(store, seen, path, step):
            what = f"commit {step.head.decode()[:12]} was not for it to land: {reason}"
            found.append(Problem(where + path, None, None, "error", "ungated", what, _HINT))
    return found


def _last(seen: Sight) -> Iterator[tuple[str, Step]]:
    """Each file that decides, with the step that changed it last, as far as that has a base."""
    guarded = seen.guarded
    objects, watched = guarded.objects, _watched(seen)
    cut = cut_off(objects)
    for one in steps(objects, guarded.commit, sorted(watched)):
        if one.path in watched:
            watched.discard(one.path)
            head = one.commit.encode("ascii")
            parents = objects.commit(head).parents
            if head not in cut and parents not in ((), (ROOT_COMMIT,)):
                yield one.path, Step(parents[0], head)
        if not watched:
            return


def _watched(seen: Sight) -> set[str]:
    """The pointers that there are, those that have a gate, and the rules."""
    guarded = seen.guarded
    found = {path for path, _ in walk(guarded.objects, guarded.tree, catalogue.MODELS)}
    pointers = {path for path in found if _kind(path) in ("alias", "stage")}
    folders = {one.name: one.folder for one in catalogue.models(seen.data)[0]}
    with suppress(MlgitError):  # said of the file itself
        for model, alias in catalogue.policy(guarded).aliases:
            if model in folders:
                pointers.add(layout.alias_path(folders[model], layout.folder_name(alias)))
    return {*pointers, *_RULES}


def _kind(path: str) -> str:
    located = layout.parse_path(path)
    return located.kind if located else ""


def _reasons(store: Store, seen: Sight, path: str, step: Step) -> list[str]:
    """Why the gate of that time would have refused a change; none where it had none."""
    objects, base = seen.guarded.objects, step.base or step.head
    try:
        data = _data(seen, path, step)
        old, new = (lookup(objects, objects.commit(one).tree, path) for one in (base, step.head))
        change = None if path in _RULES else TreeChange(path, old, new)
        if change and not is_gated(objects, step, data, change):
            return []
        question = step_question(store, _ground(store, seen), step, change, data)
    except MlgitError as error:
        return [error.message]
    known = question.code
    asked = question._replace(
        held=lambda _: Copies(0, 0, EVERYWHERE),
        code=lambda commit, patterns: "here" if (on := known(commit, patterns)) is None else on,
    )
    return reasons_of(judge(asked))


def _data(seen: Sight, path: str, step: Step) -> Oid:
    """Runs and versions as they were when it was decided, as far as that can be told."""
    objects, located = seen.guarded.objects, layout.parse_path(path)
    tree = objects.commit(step.head).tree
    if (
        located is None
        or not located.model
        or lookup(objects, tree, layout.model_path(located.model))
    ):
        return step.head
    with suppress(NotFound, Damaged):
        evidence = _evidence(seen, tree, path, located.kind)
        if is_oid(evidence) and is_ancestor(objects, evidence, seen.data.commit):
            return evidence
    return seen.data.commit


def _evidence(seen: Sight, tree: Oid, path: str, kind: str) -> Oid:
    """The commit of the data branch that a pointer says it was decided on; b"" for none."""
    objects = seen.guarded.objects
    entry = lookup(objects, tree, path)
    load = load_alias if kind == "alias" else load_stage
    pointer = load(objects.blob(entry.oid)) if entry else None
    return pointer.evidence.encode("ascii", "replace") if pointer else b""


def _ground(store: Store, seen: Sight) -> Ground:
    name = store.branch.name
    apart = {} if seen.guarded is seen.data else {f"{name}{SUFFIX}": seen.guarded.commit}
    return Ground(seen.guarded.objects, {name: seen.data.commit, **apart}, name)
