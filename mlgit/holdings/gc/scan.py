"""The digests that the records in git trees name; each tree and each record is read once.

Any 64 hex digits in a `.yaml` count, wherever they stand: what a conflict, a hand or a later
version has written names bytes as well as what this version writes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.git.tree import TREE_MODE, refuse_depth
from mlgit.records import layout
from mlgit.records.artifact import load_manifest
from mlgit.records.fields import require_writable

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_PINNED = re.compile(rb"\bmanifest: *[\"']?sha256:([0-9a-f]{64})")
_STORE = {b"runs", b"registry", layout.SETTINGS.encode()}
_SUBMODULE = 0o160000


class Scan:
    """What was found in the trees that were read.

    Attributes:
        found: Digest -> the record that named it first.
        manifests: sha256 of an `artifacts.yaml` -> the digests in it.
        pinned: Those of the manifests that a registered version names.
    """

    def __init__(self, objects: Objects, but: Container[Oid] = ()) -> None:
        """Trees and records in `but` are left."""
        self.found: dict[str, str] = {}
        self.manifests: dict[str, frozenset[str]] = {}
        self.pinned: set[str] = set()
        self._objects, self._but = objects, but
        self._seen: set[Oid] = set()

    def __contains__(self, oid: object) -> bool:
        """Whether this tree, or record, was read."""
        return oid in self._seen

    def root(self, tree: Oid, *, strict: bool = False) -> None:
        """Read the tree of a commit, unless it is that of code without a store in it.

        Raises:
            NotFound, Damaged: A part cannot be read, or with `strict` is no manifest.
        """
        if tree not in self and not _STORE.isdisjoint(self._objects.listing(tree)):
            self.tree(tree, strict=strict)

    def tree(self, tree: Oid, *, strict: bool = False) -> None:
        """Read a tree and all below it."""
        waiting = [(tree, "", 0)]
        while waiting:
            oid, prefix, depth = waiting.pop()
            refuse_depth(depth, prefix)
            if self._is_new(oid):
                for name, mode, child in self._objects.tree_entries(oid):
                    path = prefix + name.decode("utf-8", "replace")
                    if mode == TREE_MODE:
                        waiting.append((child, f"{path}/", depth + 1))
                    elif name.endswith(b".yaml") and mode != _SUBMODULE:
                        self.record(child, path, strict=strict)

    def record(self, oid: Oid, path: str, *, strict: bool = False) -> None:
        """Read one record."""
        if not self._is_new(oid):
            return
        data = self._objects.blob(oid)
        digests = [one.decode() for one in DIGEST.findall(data)]
        for digest in digests:
            self.found.setdefault(digest, path)
        self.pinned.update(one.decode() for one in _PINNED.findall(data))
        if path.endswith(layout.ARTIFACTS):
            self.manifests[sha256(data).hexdigest()] = frozenset(digests)
            self._files_of(data, path, strict=strict)

    def _files_of(self, data: bytes, path: str, *, strict: bool) -> None:
        """Note what an `artifacts.yaml` says, however its digests are spelled."""
        if not data:  # that of a purged run
            return
        located = layout.parse_path(path)
        try:
            entries = load_manifest(data)
            require_writable(entries.format)
        except Damaged as error:
            if strict and located and located.kind == "artifacts":
                raise _unreadable(path, error) from error
            return
        for entry in entries:
            if entry.sha256:
                self.found.setdefault(entry.sha256, path)

    def _is_new(self, oid: Oid) -> bool:
        if oid in self._seen or oid in self._but:
            return False
        self._seen.add(oid)
        return True


def run_of(path: str) -> str:
    """The run, or logged model, that a record belongs to; the path itself for any other."""
    located = layout.parse_path(path)
    return (located.run_id if located else "") or path


def digests_in(data: bytes) -> Iterator[str]:
    """Every digest that bytes hold as text."""
    return (one.decode() for one in DIGEST.findall(data))


def _unreadable(path: str, error: Damaged) -> Damaged:
    return Damaged(
        f"{path} cannot be read: {error.message}; what it names is not known",
        "mlgit check",
        path=path,
    )
