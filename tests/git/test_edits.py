"""Trees changed by path: the same trees git makes, and only those that had to change."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.errors import InvalidValue
from mlgit.git.edits import apply_edits
from mlgit.git.loose import loose_path
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, EMPTY_TREE, TREE, Oid, object_id
from mlgit.git.tree import FILE_MODE, Edit, Entry, diff, lookup, walk
from tests.support.repos import git


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


def content(objects: Objects, root: Oid | None) -> dict[str, bytes]:
    return {path: objects.blob(entry.oid) for path, entry in walk(objects, root)}


def test_git_lists_what_was_put(repo: Path, objects: Objects) -> None:
    tree = change(objects, None, {"b/c.txt": b"one\n", "a.txt": b"two\n", "b/é": b"three\n"})
    listed = git(repo, "-c", "core.quotePath=off", "ls-tree", "-r", tree.decode()).stdout
    assert [line.split("\t")[1] for line in listed.splitlines()] == ["a.txt", "b/c.txt", "b/é"]
    assert {line.split()[0] for line in listed.splitlines()} == {"100644"}


def test_entries_are_ordered_as_git_orders_them(repo: Path, objects: Objects) -> None:
    """A folder counts as if its name ended in a slash."""
    names = ["a", "a-b", "a.b", "a0", "ab/x", "a=b", "B", "a b"]
    tree = change(objects, None, {**dict.fromkeys(names, b"x"), "a.d/x": b"x", "a.d0": b"x"})
    assert git(repo, "fsck", "--full", "--strict", tree.decode()).returncode == 0
    listing = git(repo, "ls-tree", tree.decode()).stdout
    made = subprocess.run(
        ["git", "mktree"], cwd=repo, input=listing, text=True, capture_output=True, check=True
    )
    assert made.stdout.strip() == tree.decode()


NAMES = st.sampled_from(["a", "b", "a.b", "a-", "B", "é"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
EDITS = st.dictionaries(PATHS, st.one_of(st.none(), st.binary(max_size=4)), max_size=6)


def without_clashes(edits: dict[str, bytes | None]) -> dict[str, Edit]:
    return {
        path: edit
        for path, edit in edits.items()
        if not any(path.startswith(f"{other}/") for other in edits)
    }


def expected(before: dict[str, bytes], edits: dict[str, Edit]) -> dict[str, bytes]:
    """The same change on a flat mapping of paths."""
    after = dict(before)
    for path, edit in edits.items():
        parents = {path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)}
        for other in list(after):
            if other.startswith(f"{path}/") or (other in parents and edit is not None):
                del after[other]
        if edit is None:
            after.pop(path, None)
        else:
            assert isinstance(edit, bytes)
            after[path] = edit
    return after


@given(st.lists(EDITS, min_size=1, max_size=5))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_edits_do_what_they_do_to_a_flat_mapping(
    objects: Objects, steps: list[dict[str, bytes | None]]
) -> None:
    root: Oid | None = None
    flat: dict[str, bytes] = {}
    for step in steps:
        edits = without_clashes(step)
        before, old = dict(flat), root
        root = change(objects, root, edits)
        flat = expected(flat, edits)
        assert content(objects, root) == flat
        assert change(objects, None, dict(flat)) == root  # one content, one tree
        changes = {step.path: (step.old, step.new) for step in diff(objects, old, root)}
        assert changes == {
            path: (entry(before.get(path)), entry(flat.get(path)))
            for path in {**before, **flat}
            if before.get(path) != flat.get(path)
        }


def entry(data: bytes | None) -> Entry | None:
    return None if data is None else Entry(FILE_MODE, object_id(BLOB, data))


def test_only_the_changed_path_is_read_and_written(objects: Objects) -> None:
    root = change(objects, None, {"a/b/one": b"1", "c/d/two": b"2", "e": b"3"})
    (unread,) = [oid for path, (_, oid) in walk(objects, root, depth=1) if path == "c"]
    raw = objects.read(unread)
    Path(loose_path(objects.directory, unread)).unlink()
    fresh = Objects(Path(objects.directory))
    tree, new = apply_edits(fresh, root, {"a/b/three": b"4"})
    assert [kind for kind, _ in new] == [BLOB, TREE, TREE, TREE]
    fresh.write(new, durable=False)
    assert [step.path for step in diff(fresh, root, tree)] == ["a/b/three"]
    fresh.write([raw], durable=False)


def test_no_change_makes_no_object(objects: Objects) -> None:
    root = change(objects, None, {"a/b": b"1"})
    assert apply_edits(objects, root, {"a/b": b"1", "x/y": None}) == (root, [])
    assert apply_edits(objects, root, {}) == (root, [])


def test_a_removed_folder_and_the_last_file_leave_no_empty_folder(objects: Objects) -> None:
    root = change(objects, None, {"a/b/c": b"1", "a/b/d": b"2", "e": b"3"})
    assert content(objects, change(objects, root, {"a": None})) == {"e": b"3"}
    assert content(objects, change(objects, root, {"a/b/c": None, "a/b/d": None})) == {"e": b"3"}
    assert change(objects, root, {"a": None, "e": None}) == EMPTY_TREE


def test_a_file_gives_way_to_a_folder_and_back(objects: Objects) -> None:
    root = change(objects, None, {"a": b"file"})
    folder = change(objects, root, {"a/b": b"inside"})
    assert content(objects, folder) == {"a/b": b"inside"}
    assert content(objects, change(objects, folder, {"a": b"file"})) == {"a": b"file"}
    assert [(step.path, step.old is None) for step in diff(objects, root, folder)] == [
        ("a/b", True),
        ("a", False),
    ]


def test_a_stored_object_is_put_by_its_id(objects: Objects) -> None:
    root = change(objects, None, {"a/b": b"1"})
    subtree = lookup(objects, root, "a")
    assert subtree is not None
    assert content(objects, change(objects, root, {"copy": subtree})) == {
        "a/b": b"1",
        "copy/b": b"1",
    }


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.git/x", ".GIT", "a\0b"]
)
def test_a_path_that_git_would_not_hold_is_refused(objects: Objects, path: str) -> None:
    with pytest.raises(InvalidValue):
        apply_edits(objects, None, {path: b"x"})


@pytest.mark.parametrize("mode", [0o120000, 0o160000, 0o100755, 0o100664, 0])
def test_only_plain_files_and_folders_are_made(objects: Objects, mode: int) -> None:
    with pytest.raises(InvalidValue):
        apply_edits(objects, None, {"a": Entry(mode, EMPTY_TREE)})


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a")])
def test_a_path_inside_another_changed_one_is_refused(
    objects: Objects, paths: tuple[str, str]
) -> None:
    with pytest.raises(InvalidValue):
        apply_edits(objects, None, dict.fromkeys(paths, b"x"))
