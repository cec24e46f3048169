"""Who gave a value of a file, and when: found in the history of the branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.tree import lookup
from mlgit.records import text
from mlgit.store.activity import newest_first

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.store.contested import Contested

_MOST = 20_000  # commits looked at, a second's worth


class Origin(NamedTuple):
    """The commit that gave a value; `at` is milliseconds UTC, `by` the author's name."""

    commit: str = ""
    at: int = 0
    by: str = ""


def origins(objects: Objects, tip: Oid, one: Contested) -> list[Origin]:
    """Where each side of a value in conflict came from; an empty one where that is not found."""
    found: dict[int, Origin] = {}
    for count, (oid, commit) in enumerate(newest_first(objects, tip)):
        if count == _MOST or len(found) == len(one.sides):
            break
        if len(commit.parents) > 1 or oid == ROOT_COMMIT:
            continue
        before = [_tree(objects, parent) for parent in commit.parents]
        entries = {lookup(objects, tree, one.path) for tree in before}
        if lookup(objects, commit.tree, one.path) in entries:
            continue
        known = [key for tree in before for key in _given(objects, tree, one)]
        new = [key for key in _given(objects, commit.tree, one) if key not in known]
        author = commit.author.partition(" <")[0]
        for rank, side in enumerate(one.sides):
            if _key(side) in new:
                found.setdefault(
                    rank, Origin(oid.decode("ascii"), commit.author_time * 1000, author)
                )
    return [found.get(rank, Origin()) for rank in range(len(one.sides))]


def _key(value: Any) -> Any:
    """What stays of a value when versions get other numbers and artifacts another place."""
    if not isinstance(value, dict):
        return value
    names = ("sha256", "uri") if "path" in value else ("uid", "stage", "at", "by")
    return [value.get(name) for name in names] if "path" in value or "uid" in value else value


def _given(objects: Objects, tree: Oid | None, one: Contested) -> list[Any]:
    """The keys of the values in one tree."""
    entry = lookup(objects, tree, one.path)
    try:
        value: Any = text.load(objects.blob(entry.oid)) if entry else None
    except (Damaged, NotFound):
        return []
    for key in one.keys:
        if isinstance(value, list):
            return [_key(each) for each in value if each.get("path") == key]
        value = value.get(key) if isinstance(value, dict) else None
    return [] if value is None else [_key(value)]


def _tree(objects: Objects, commit: Oid) -> Oid | None:
    return None if commit == ROOT_COMMIT else objects.commit(commit).tree
