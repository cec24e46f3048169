"""What a proposal changes, and that it changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.history import merge_bases
from mlgit.git.tree import TreeChange, diff
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.layout import Located
    from mlgit.registry.gate.verdict import Question

POINTERS = frozenset(["alias", "stage"])
RULES = frozenset(["policy", "trust"])
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
    found = list(_changes(question))
    kinds = [(change, layout.parse_path(change.path)) for change in found]
    pointers = [(change, at) for change, at in kinds if at is not None and at.kind in POINTERS]
    rules = tuple(change.path for change, at in kinds if at is not None and at.kind in RULES)
    if rules:
        return Scope(
            rules=rules, wrong=_beside([c for c, _ in kinds if c.path not in rules], rules)
        )
    if not pointers:
        return Scope()
    change, located = pointers[0]
    others = [one for one, at in kinds if one.path != change.path and not _new_version(one, at)]
    versions = sum(_new_version(one, at) for one, at in kinds)
    wrong = _beside(others, (change.path,))
    if not wrong and versions > 1:
        wrong = "it registers more than one version"
    return Scope(change, located, wrong=wrong)


def _changes(question: Question) -> Iterator[TreeChange]:
    objects = question.objects
    bases = merge_bases(objects, question.base, question.head)
    before: Oid | None = objects.commit(bases[0]).tree if bases else None
    return diff(objects, before, objects.commit(question.head).tree)


def _new_version(change: TreeChange, located: Located | None) -> bool:
    return located is not None and located.kind == "version" and change.old is None


def _beside(others: list[TreeChange], allowed: tuple[str, ...]) -> str:
    """What is wrong with paths beside the one that is proposed."""
    if not others:
        return ""
    shown = ", ".join(repr(one.path)[:120] for one in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f"beside {' and '.join(allowed)} it changes {shown}{more}"
