"""Objects over those on disk: read as one store, and never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import NotFound
from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, TREE
from mlgit.git.overlay import Overlay
from mlgit.git.tree import walk
from tests.support.repos import make_repo


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(make_repo(tmp_path / "project") / ".git" / "objects")


def test_what_is_added_is_read_with_what_is_on_disk_and_not_written(objects: Objects) -> None:
    below, made = apply_edits(objects, None, {"a/b.txt": b"on disk"})
    objects.write(made, durable=False)
    overlay = Overlay(objects)
    tree, more = apply_edits(overlay, below, {"a/c.txt": b"only here"})
    overlay.add_all(more)
    found = {path: overlay.blob(entry.oid) for path, entry in walk(overlay, tree)}
    assert found == {"a/b.txt": b"on disk", "a/c.txt": b"only here"}
    with pytest.raises(NotFound):
        Objects(Path(objects.directory)).tree(tree)


def test_only_what_a_tree_needs_is_handed_on(objects: Objects) -> None:
    overlay = Overlay(objects)
    overlay.add(BLOB, b"nobody names this")
    tree, made = apply_edits(overlay, None, {"a/c.txt": b"wanted", "d.txt": b"wanted"})
    overlay.add_all(made)
    needed = overlay.reachable(tree)
    assert sorted(kind for kind, _ in needed) == sorted([BLOB, TREE, TREE])
    assert (BLOB, b"wanted") in needed
