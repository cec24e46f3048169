"""Which bytes outside git the manifests of a store name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.tree import FILE_MODE, TREE_MODE, Copies
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.store.store import Store

_RUNS, _MANIFEST = b"runs", layout.ARTIFACTS.encode()
_LEVELS = 5  # runs/<experiment>/<day>/<shard>/<run>: below those a folder holds a manifest


class Named(NamedTuple):
    """Bytes that a manifest names and git does not hold.

    Attributes:
        sha256: Their digest, 64 hex digits.
        size: Bytes.
        run: A run, or logged model, that names them: its id as its folder's name has it.
        path: Where they are among its artifacts.
    """

    sha256: str
    size: int
    run: str
    path: str


def named_by(store: Store) -> dict[str, Named]:
    """All bytes outside git that the store's branch names, by digest; reads every manifest.

    Raises:
        NotFound, Damaged: A manifest or a tree cannot be read: what it names is not known.
    """
    found: dict[str, Named] = {}
    for one in _new(store.repository.objects, store.snapshot().commit, ()):
        if isinstance(one, MlgitError):
            raise one
        found.setdefault(one.sha256, one)
    return found


def new_since(objects: Objects, tip: Oid, known: Collection[Oid]) -> dict[str, Named]:
    """What the commit `tip` names and none of the commits `known` at the same place, by digest.

    Only manifests that differ from those of every known commit are read; one that cannot be read
    names nothing: `check` says so.

    Raises:
        NotFound, Damaged: A commit or a changed tree cannot be read.
    """
    found: dict[str, Named] = {}
    for one in _new(objects, tip, known):
        if not isinstance(one, MlgitError):
            found.setdefault(one.sha256, one)
    return found


def _new(objects: Objects, tip: Oid, known: Collection[Oid]) -> Iterator[Named | MlgitError]:
    before = [_tree(objects, commit) for commit in known if commit != ROOT_COMMIT]
    for path, new, old in _below(objects, "", 0, _tree(objects, tip), before, Copies()):
        located = layout.parse_path(path)
        if located is None:
            continue
        try:
            there = {entry.sha256 for oid in old for entry in _outside(objects, path, oid)}
            for entry in _outside(objects, path, new):
                if entry.sha256 not in there:
                    yield Named(entry.sha256, entry.size, located.run_id, entry.path)
        except (NotFound, Damaged) as error:
            yield error


def _outside(objects: Objects, path: str, manifest: Oid) -> Iterator[ArtifactEntry]:
    """The entries of a manifest whose bytes are not in git, nor at an address of others."""
    from mlgit.records.artifact import load_manifest
    from mlgit.store.snapshot import parsed

    data = objects.blob(manifest) or b"format: 1\n"  # that of a purged run is empty
    entries = parsed(path, data, load_manifest)
    return (entry for entry in entries if entry.sha256 and not (entry.inline or entry.uri))


def _tree(objects: Objects, commit: Oid) -> tuple[int, Oid]:
    return TREE_MODE, objects.commit(commit).tree


def _below(
    objects: Objects,
    prefix: str,
    level: int,
    new: tuple[int, Oid],
    old: Sequence[tuple[int, Oid]],
    copies: Copies,
) -> Iterator[tuple[str, Oid, list[Oid]]]:
    """(path, id, ids in `old`) of each manifest below `new` that differs from all in `old`."""
    if new in old:
        return
    if level > _LEVELS:
        if new[0] == FILE_MODE:
            yield prefix, new[1], [oid for mode, oid in old if mode == FILE_MODE]
        return
    if new[0] != TREE_MODE or copies.too_many((new, *old)):
        return
    before = [objects.tree(oid) for mode, oid in old if mode == TREE_MODE]
    for name, entry in _wanted(objects.tree(new[1]), level):
        path = f"{prefix}/{name.decode('utf-8', 'surrogateescape')}".removeprefix("/")
        known = [tree[name] for tree in before if name in tree]
        yield from _below(objects, path, level + 1, entry, known, copies)


def _wanted(
    tree: Mapping[bytes, tuple[int, Oid]], level: int
) -> Iterator[tuple[bytes, tuple[int, Oid]]]:
    """What of a folder may lead to a manifest."""
    only = {0: _RUNS, _LEVELS: _MANIFEST}.get(level)
    return ((name, tree[name]) for name in ([only] if only else tree) if name in tree)
