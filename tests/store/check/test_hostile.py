"""The check on branches that nobody honest wrote: named, contained, and over in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.git.oid import Oid
from mlgit.store.check.check import Problem, check
from mlgit.store.store import Store
from tests.store import plant


def problems(path: Path | Store, *, deep: bool = True, since: Oid | None = None) -> list[Problem]:
    store = Store.open(path) if isinstance(path, Path) else path
    return check(store.snapshot(), deep=deep, since=since)


HOSTILE_NAMES = [
    b"..", b".", b"a/b", b"a\\b", b"x\n", b"\x1b[2J", b"\xff\xfe", b".git", b".GIT", b"git~1",
    b".git ", b".g\xe2\x80\x8cit", b".git::$INDEX_ALLOCATION", b"a.", b"x" * 300,
    b"\xe2\x80\xaegpj.exe",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("where", ["", "runs", "runs/churn", "run", "files"])
def test_a_hostile_name_is_an_error_wherever_it_stands(
    hostile: Path, name: bytes, where: str
) -> None:
    first = next(Store.open(hostile).snapshot().run_folders())
    folder = {"run": first, "files": f"{first}/files"}.get(where, where)
    tree = plant.contents(hostile)
    node = plant.folder(tree, folder)
    node[name] = b"x"
    plant.commit(hostile, plant.tree(hostile, tree))
    found = problems(hostile)
    text = name.decode("utf-8", "surrogateescape")
    assert [(each.path, each.severity) for each in found] == [
        (f"{folder}/{text}" if folder else text, "error")
    ]


@pytest.mark.parametrize("mode", ["120000", "160000", "100755", "100664", "100777"])
def test_only_plain_files_and_folders_are_allowed(hostile: Path, mode: str) -> None:
    tree = plant.contents(hostile)
    oid = plant.blob(hostile, b"../../../etc/passwd")
    for path in ("link", "runs/link", "runs/churn/link"):
        plant.put(tree, path, (mode, oid))
    plant.commit(hostile, plant.tree(hostile, tree))
    found = problems(hostile)
    assert [each.path for each in found] == ["link", "runs/churn/link", "runs/link"]
    assert all(mode in each.message and each.severity == "error" for each in found)


def test_names_that_are_one_file_elsewhere(hostile: Path) -> None:
    first = next(Store.open(hostile).snapshot().run_folders())
    tree = plant.contents(hostile)
    for name in ("a.txt", "A.txt"):
        plant.put(tree, f"{first}/files/{name}", b"x")
    for name in ("caf\u00e9", "cafe\u0301"):
        plant.put(tree, name, b"x")
    plant.commit(hostile, plant.tree(hostile, tree))
    errors = [each for each in problems(hostile) if each.severity == "error"]
    assert [each.path for each in errors] == ["caf\u00e9", f"{first}/files/a.txt"]


def test_two_entries_of_one_name(hostile: Path) -> None:
    oid = plant.blob(hostile, b"x")
    folder = plant.tree(hostile, {b"x": b"x"})
    rows = [(b"a", "100644", oid), (b"a", "100644", oid), (b"a", "40000", folder)]
    plant.commit(hostile, plant.raw_tree(hostile, rows))
    assert [each.message for each in problems(hostile)][:2] == ["stands twice in its folder"] * 2


def test_folders_that_no_store_has(hostile: Path) -> None:
    tree = plant.contents(hostile)
    bad = [
        "runs/Upper/experiment.yaml",
        "runs/churn/2026-13-45/0/x",
        "runs/churn/2026-11-23/g/x",
        "runs/churn/2026-11-23/0/081451-9f3c000000000001/run.yaml",
        "runs/con/experiment.yaml",
    ]
    for path in bad:
        plant.put(tree, path, b"x")
    plant.commit(hostile, plant.tree(hostile, tree))
    found = problems(hostile)
    assert all(each.severity == "error" for each in found)
    assert len(found) == len(bad)


@pytest.mark.parametrize("where", ["", "runs/churn", "files", "registry/models"])
def test_a_very_deep_tree_is_refused_quickly(hostile: Path, where: str) -> None:
    first = next(Store.open(hostile).snapshot().run_folders())
    oid = plant.tree(hostile, {b"x": b"x"})
    for _ in range(200):
        oid = plant.raw_tree(hostile, [(b"d", "40000", oid)])
    tree = plant.contents(hostile)
    folder = f"{first}/files" if where == "files" else where
    plant.put(tree, f"{folder}/d" if folder else "d", ("40000", oid))
    plant.commit(hostile, plant.tree(hostile, tree))
    assert problems(hostile)
    assert problems(hostile, since=b"1" * 40)


@pytest.mark.parametrize("where", ["runs", "runs/churn", "files", "registry/models", "approvals"])
def test_a_tree_bomb_ends_in_time(hostile: Path, where: str) -> None:
    """Ten names a level, all the same tree: 10^30 paths in a few kilobytes."""
    first = next(Store.open(hostile).snapshot().run_folders())
    folder = f"{first}/files" if where == "files" else where
    names = (
        [b"2026-01-%02d" % n for n in range(1, 11)]
        if where != "files"
        else [b"%d" % n for n in range(10)]
    )
    oid = plant.tree(hostile, {b"x": b"x"})
    for _ in range(30):
        oid = plant.raw_tree(hostile, [(name, "40000", oid) for name in names])
    tree = plant.contents(hostile)
    for name in ("a", "b", "c"):
        plant.put(tree, f"{folder}/{name}", ("40000", oid))
    plant.commit(hostile, plant.tree(hostile, tree))
    assert problems(hostile)


def test_the_same_run_in_many_folders_is_read_once(hostile: Path) -> None:
    first = next(Store.open(hostile).snapshot().run_folders())
    shard = plant.contents(hostile)
    day = first.rpartition("/")[0]
    node = plant.folder(shard, day)
    (run,) = list(node.values())
    for second in range(60):
        node[b"0912%02d-9f3c000000000001" % second] = run
    plant.commit(hostile, plant.tree(hostile, shard))
    found = problems(hostile)
    assert sum("is a copy" in each.message for each in found) == 60


def test_the_list_of_problems_has_an_end(hostile: Path) -> None:
    tree = plant.contents(hostile)
    oid = plant.blob(hostile, b"x")
    for number in range(10_050):
        plant.put(tree, f"runs/bad {number}", ("120000", oid))
    plant.commit(hostile, plant.tree(hostile, tree))
    found = problems(hostile)
    assert len(found) == 10_001
    assert "more than" in found[-1].message
