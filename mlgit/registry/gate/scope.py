"""What a proposal changes, and that it changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import merge_bases
from mlgit.git.tree import TreeChange, diff
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.records.layout import Located
    from mlgit.registry.gate.verdict import Question

POINTERS = frozenset(["alias", "stage"])
_NAMED = 5  # paths that are listed; a hostile change has as many as it likes


class Scope(NamedTuple):
    """The files of a change.

    Attributes:
        pointer: The alias or stage that moves; None where none does.
        located: What that path is.
        rules: Policy and signers that change.
        wrong: Why it is not one proposal; "" where it is.
    """

    pointer: TreeChange | None = None
    located: Located | None = None
    rules: tuple[str, ...] = ()
    wrong: str = ""


def scope_of(question: Question) -> Scope:
    """What a change decides: from where it left the base to its head, as a forge shows it.

    Raises:
        NotFound, Damaged: A commit or tree cannot be read.
    """
    found = [(change, layout.parse_path(change.path)) for change in _changes(question)]
    of_kind: dict[str, list[str]] = {}
    for change, located in found:
        of_kind.setdefault(located.kind if located else "", []).append(change.path)
    rules = (*of_kind.get("policy", ()), *of_kind.get("trust", ()))
    if rules:
        others = [change.path for change, _ in found if change.path not in rules]
        return Scope(rules=rules, wrong=_beside(others, rules))
    moved = [(change, at) for change, at in found if at is not None and at.kind in POINTERS]
    if not moved:
        said = of_kind.get("approval", [])
        return Scope(wrong="only `mlgit approve` writes approvals" if said else "")
    change, located = moved[0]
    return Scope(change, located, wrong=_one_pointer(found, change))


def _one_pointer(found: Sequence[tuple[TreeChange, Located | None]], pointer: TreeChange) -> str:
    """What is wrong with a change of one pointer; "" where it has at most a new version beside."""
    others = [one for one, at in found if one.path != pointer.path]
    new = [one for one, at in found if _new_version(one, at)]
    strangers = [one.path for one in others if one not in new]
    if strangers:
        return _beside(strangers, (pointer.path,))
    return "it registers more than one version" if len(new) > 1 else ""


def _changes(question: Question) -> Iterator[TreeChange]:
    """What differs from where the change left the base; from each place, where there are several.

    git merges histories that cross from all of these at once: a file that is as it was at one of
    them may still take back what the base has.
    """
    objects = question.objects
    bases = merge_bases(objects, question.base, question.head)
    trees = [objects.commit(one).tree for one in bases]
    seen: dict[str, TreeChange] = {}
    for before in trees or (None,):
        for change in diff(objects, before, objects.commit(question.head).tree):
            if change.path not in seen or change.old is not None:
                seen[change.path] = change
    yield from seen.values()


def _new_version(change: TreeChange, located: Located | None) -> bool:
    return located is not None and located.kind == "version" and change.old is None


def _beside(others: Sequence[str], allowed: Sequence[str]) -> str:
    """What is wrong with paths beside the one that is proposed."""
    if not others:
        return ""
    shown = ", ".join(repr(one)[:120] for one in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"beside {' and '.join(allowed)} it changes {shown}{more}"
