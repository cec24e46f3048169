"""A step of the guarded branch: each file of the registry by the rule of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from mlgit.git.tree import TreeChange, lookup
from mlgit.records import layout
from mlgit.registry.pushed import approvals, pointers
from mlgit.registry.pushed.ground import changes, policy

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.layout import Located
    from mlgit.registry.pushed.ground import Ground
    from mlgit.registry.pushed.history import Step

Gate = Callable[["Ground", "Step", TreeChange | None], Sequence[str]]
"""Why a gate does not let one pointer through, or, for None, a change of the rules themselves."""


def refused(ground: Ground, step: Step, gate: Gate) -> Iterator[str]:
    """What is wrong with the registry's part of one step, a sentence each.

    Raises:
        NotFound, Damaged, Unsupported: Something that matters cannot be read.
    """
    data = step.head if ground.guarded == ground.data else ground.tips.get(ground.data)
    rules = policy(ground.objects, step.base)
    ruled = False
    for change in changes(ground.objects, step.base, step.head):
        located = layout.parse_path(change.path)
        if located is None:
            yield f"{change.path!r}: no such file belongs into the registry"
        elif located.kind in ("alias", "stage"):
            yield from _pointer(ground, step, data, change, located, gate)
        elif located.kind == "approval":
            yield from approvals.refused(ground, step, change, located)
        elif located.kind == "model":
            yield from pointers.renames(ground.objects, rules, change)
        elif located.kind in ("policy", "trust") and not ruled:
            ruled = True
            yield from gate(ground, step, None) if step.base else ()


def _pointer(
    ground: Ground,
    step: Step,
    data: Oid | None,
    change: TreeChange,
    located: Located,
    gate: Gate,
) -> Iterator[str]:
    wrong = pointers.misled(ground.objects, data, change, located)
    if wrong:
        yield wrong
    elif step.base and pointers.is_gated(ground.objects, step, data, change):
        yield from gate(ground, step, change)


def mirrored(ground: Ground, step: Step) -> Iterator[str]:
    """What is wrong with a step of the data branch where another one guards the pointers.

    They may be taken away there, or be as they are on the guarded branch: as while a store moves
    from one to the other.

    Raises:
        NotFound, Damaged, Unsupported: Something that matters cannot be read.
    """
    tip = ground.tips[ground.registry]
    rules, tree = policy(ground.objects, tip), ground.objects.commit(tip).tree
    for change in changes(ground.objects, step.base, step.head):
        located = layout.parse_path(change.path)
        if located is None:
            yield f"{change.path!r}: no such file belongs into the registry"
        elif located.kind == "model":
            yield from pointers.renames(ground.objects, rules, change)
        elif change.new not in (None, lookup(ground.objects, tree, change.path)) and (
            located.kind in layout.GUARDED
        ):
            yield f"{change.path} belongs to the branch {ground.registry}"


def begun(ground: Ground, head: Oid) -> Iterator[str]:
    """What is wrong with a guarded branch that is new: rules of the data branch move as they are.

    Raises:
        NotFound, Damaged, Unsupported: Something that matters cannot be read.
    """
    data = ground.tips.get(ground.data)
    tree = ground.objects.commit(data).tree if data else None
    if any(lookup(ground.objects, tree, one) for one in (layout.POLICY, layout.TRUST)):
        yield from (
            f"{path} is not what it is on the branch {ground.data}"
            for path in _differing(ground, data, head)
        )


def given_up(ground: Ground) -> Iterator[str]:
    """What is wrong with deleting the guarded branch: what it says has to be on the data branch.

    Raises:
        NotFound, Damaged, Unsupported: Something that matters cannot be read.
    """
    data, tip = ground.tips.get(ground.data), ground.tips.get(ground.registry)
    if tip and any(_differing(ground, data, tip)):
        yield f"it would be deleted, and what it guards is not on the branch {ground.data}"


def _differing(ground: Ground, left: Oid | None, right: Oid) -> Iterator[str]:
    """Guarded files that are not the same in two commits."""
    for change in changes(ground.objects, left, right):
        located = layout.parse_path(change.path)
        if located and located.kind in layout.GUARDED:
            yield change.path
