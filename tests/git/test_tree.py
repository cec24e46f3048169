"""Trees are shown as they are, also those that no honest writer made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.errors import Damaged
from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, EMPTY_TREE, TREE, Oid, object_id
from mlgit.git.tree import FILE_MODE, TREE_MODE, Edit, Entry, TreeChange, diff, lookup, walk


@pytest.fixture
def objects(repo: Path) -> Iterator[Objects]:
    found = Objects(repo / ".git/objects")
    yield found
    found.close()


def change(objects: Objects, root: Oid | None, edits: dict[str, Edit]) -> Oid:
    """Apply edits and store what is new."""
    tree, new = apply_edits(objects, root, edits)
    objects.write(new, durable=False)
    return tree


def test_hostile_entries_are_shown_as_they_are(tmp_path: Path) -> None:
    objects = Objects(tmp_path / "objects")
    entries = [(b"100644", b".."), (b"120000", b"a/b"), (b"160000", b"sub"), (b"100755", b"\xff")]
    raw = b"".join(mode + b" " + name + b"\0" + bytes(20) for mode, name in entries)
    (tree,) = objects.write([(TREE, raw)], durable=False)
    shown = [(path, entry.mode) for path, entry in walk(objects, tree)]
    assert shown == [
        ("..", 0o100644),
        ("a\udc2fb", 0o120000),
        ("sub", 0o160000),
        ("\udcff", 0o100755),
    ]
    assert [step.path for step in diff(objects, None, tree)] == [
        "..",
        "a\udc2fb",
        "sub",
        "\udcff",
    ]


def test_a_tree_nested_without_end_is_refused(objects: Objects) -> None:
    tree = EMPTY_TREE
    objects.write([(TREE, b"")], durable=False)
    for _ in range(80):
        raw = b"40000 a\0" + bytes.fromhex(tree.decode())
        (tree,) = objects.write([(TREE, raw)], durable=False)
    for listing in (walk(objects, tree), diff(objects, None, tree)):
        with pytest.raises(Damaged):
            list(listing)


def test_a_walk_stops_at_the_depth_asked_for(objects: Objects) -> None:
    root = change(objects, None, {"runs/e/d/1/x/run.yaml": b"1", "runs/e/experiment.yaml": b"2"})
    assert [(path, entry.mode) for path, entry in walk(objects, root, "runs/e", depth=2)] == [
        ("runs/e/d/1", TREE_MODE),
        ("runs/e/experiment.yaml", FILE_MODE),
    ]
    assert list(walk(objects, root, "runs/none")) == []
    assert list(walk(objects, root, "runs/e/experiment.yaml")) == []
    assert list(walk(objects, None)) == []


def test_lookup_finds_files_folders_and_nothing(objects: Objects) -> None:
    root = change(objects, None, {"a/b": b"1"})
    found = lookup(objects, root, "a/b")
    assert found == Entry(FILE_MODE, object_id(BLOB, b"1"))
    assert lookup(objects, root, "a/c") is None
    assert lookup(objects, root, "a/b/c") is None
    assert lookup(objects, None, "a") is None
    assert TreeChange("a", None, found).new == found
