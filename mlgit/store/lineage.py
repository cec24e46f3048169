"""Which epoch a commit is of, and what two histories that are not to be joined have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import commits_since, cut_off, merge_bases
from mlgit.git.tree import FILE_MODE, lookup
from mlgit.records import layout
from mlgit.records.epoch import Epoch, load_epoch
from mlgit.records.fields import require_writable

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid


def epoch_at(objects: Objects, commit: Oid | None) -> Epoch | None:
    """The epoch of a commit; None where nothing was ever forgotten.

    Raises:
        Damaged: Its `epoch.yaml` cannot be read.
        Unsupported: That is of a newer format than this version knows.
    """
    if commit in (None, ROOT_COMMIT):
        return None
    entry = lookup(objects, objects.commit(commit or b"").tree, layout.EPOCH)
    if entry is None or entry.mode != FILE_MODE:
        return None
    epoch = load_epoch(objects.blob(entry.oid))
    require_writable(epoch.format)
    return epoch


def ancestors(objects: Objects, tips: Iterable[Oid]) -> Iterator[Oid]:
    """The commits and all they came from, once each, as far as they are here."""
    cut, seen = cut_off(objects), set(tips)
    waiting = list(seen)
    while waiting:
        oid = waiting.pop()
        try:
            parents = objects.commit(oid).parents
        except (NotFound, Damaged):
            continue
        yield oid
        for parent in parents if oid not in cut else ():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


def strays(objects: Objects, tip: Oid, known: Oid | None = None) -> list[Oid]:
    """Commits by which a history reaches further back than to the first commit of its epoch.

    They come from a merge that knew nothing of epochs, and bring back what was forgotten. Only
    commits are looked at that `known` did not come from.
    """
    epoch = epoch_at(objects, tip)
    if epoch is None or tip == known:
        return []
    new = ancestors(objects, [tip]) if known is None else commits_since(objects, tip, known)
    cut = cut_off(objects)
    ends = (
        oid
        for oid in new
        if oid != ROOT_COMMIT and oid not in cut and _is_end(objects.commit(oid).parents)
    )
    return [oid for oid in ends if epoch_at(objects, oid) != epoch]


def first_of(objects: Objects, tip: Oid) -> Oid | None:
    """The commit that the epoch of `tip` began with, if it is here."""
    epoch = epoch_at(objects, tip)
    if epoch is None:
        return None
    found = (oid for oid in ancestors(objects, [tip]) if _is_end(objects.commit(oid).parents))
    return next((oid for oid in found if epoch_at(objects, oid) == epoch), None)


def _is_end(parents: tuple[Oid, ...]) -> bool:
    return not parents or ROOT_COMMIT in parents


def common(objects: Objects, ours: Iterable[Oid], theirs: Iterable[Oid]) -> Oid | None:
    """The newest commit that both sides had, through any of the commits that each has had.

    None where that is not known. The root does not count: nothing is in it.
    """
    left, right = ([oid for oid in side if _is_here(objects, oid)] for side in (ours, theirs))
    found = {base for a in left for b in right for base in merge_bases(objects, a, b)}
    found.discard(ROOT_COMMIT)
    return max(found, key=lambda oid: (objects.commit(oid).commit_time, oid), default=None)


def _is_here(objects: Objects, oid: Oid) -> bool:
    try:
        objects.commit(oid)
    except (NotFound, Damaged):
        return False
    return True
