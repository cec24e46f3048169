"""The objects that a push brought: none too big to be read, no name or mode that is a trap.

Every new tree is looked at once, also those of commits below the tips, before anything is parsed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mlgit import process
from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import TREE_MODE, is_sorted
from mlgit.store.entries import refusal

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

LARGEST = {b"blob": 100 << 20, b"tree": 16 << 20, b"commit": 1 << 20, b"tag": 1 << 20}  # bytes
MOST_PATHS = 5_000_000  # that new trees may unfold to; ten million runs are pushed in parts
_APART = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")  # objects of the push
_DEEPEST = 64
_PATIENCE = 600.0  # seconds


class Arrived(NamedTuple):
    """One object of a push; `kind` is git's word for it."""

    oid: Oid
    kind: bytes
    size: int


def arrived(repository: Repository, tips: Iterable[Oid]) -> list[Arrived]:
    """What the tips need and no branch of the repository had before.

    Raises:
        process.CommandFailed: Something is missing, or git is.
    """
    apart = {key: os.environ[key] for key in _APART if key in os.environ}
    ask = partial(process.git, git_dir=repository.git_dir, env=apart, timeout=_PATIENCE)
    wanted = b"".join(tip + b"\n" for tip in tips)
    named = ["rev-list", "--objects", "--no-object-names", "--stdin", "--not", "--all"]
    needed = ask(named, stdin=wanted).stdout
    told = ask(["cat-file", "--batch-check", "--buffer"], stdin=needed).stdout
    rows = (line.split() for line in told.splitlines())
    return [Arrived(oid, kind, int(size)) for oid, kind, size in rows]


def hostile(objects: Objects, found: Sequence[Arrived]) -> Iterator[str]:
    """What is wrong with objects, a sentence each; the first kind of trap ends the search."""
    big = [one for one in found if one.size > LARGEST[one.kind]]
    for one in big:
        name, most = f"{one.kind.decode()} {one.oid.decode()[:12]}", LARGEST[one.kind]
        yield f"{name} has {one.size:,} bytes; {most:,} are allowed: keep it as an artifact"
    trees = [] if big else [one.oid for one in found if one.kind == b"tree"]
    bad = False
    for oid in trees:
        for reason in _entries(objects, oid):
            bad = True
            yield reason
    if not bad and trees and _unfolds_too_far(objects, trees):
        yield f"its folders are copies of each other, and unfold to over {MOST_PATHS:,} files"


def _entries(objects: Objects, oid: Oid) -> Iterator[str]:
    try:
        listed = objects.tree_entries(oid)
    except (NotFound, Damaged) as error:
        yield error.message
        return
    for name, mode, _ in listed:
        refused = refusal(name, mode)
        if refused:
            yield f"{name.decode('utf-8', 'surrogateescape')!r} {refused.reason}"
    if not is_sorted(listed) or len({name for name, _, _ in listed}) < len(listed):
        yield f"the folder {oid.decode()[:12]} is not in git's order, or names a file twice"


def _unfolds_too_far(objects: Objects, trees: Sequence[Oid]) -> bool:
    """Whether the new trees hold far more paths than objects, or lie too deep in each other."""
    paths: dict[Oid, int] = {}
    new = set(trees)

    def count(oid: Oid, depth: int) -> int:
        if oid not in paths and depth < _DEEPEST:
            listed = objects.tree_entries(oid)
            below = [one for _, mode, one in listed if mode == TREE_MODE and one in new]
            paths[oid] = len(listed) + sum(count(one, depth + 1) for one in below)
        return paths.get(oid, MOST_PATHS + 1)

    return any(count(oid, 0) > MOST_PATHS for oid in trees)
