"""Which runs differ between two trees, also where a tree cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import NotFound
from mlgit.git.loose import write_loose
from mlgit.git.oid import TREE, object_id
from mlgit.records import layout
from mlgit.search.changes import Walk
from mlgit.search.index import Index
from mlgit.store.store import Store
from tests.search.records import CHURN, a_run, publish
from tests.support.repos import git


def changed(store: Store, old: str | None, new: str | None = None) -> list[tuple[str, bool]]:
    objects = store.repository.objects
    trees = [None if name is None else objects.commit(name.encode()).tree for name in (old,)]
    tree = objects.commit(new.encode()).tree if new else store.snapshot().tree
    return [
        (folder, left is not None) for folder, left in Walk(objects).changed_runs(trees[0], tree)
    ]


def tip(store: Store) -> str:
    return store.snapshot().commit.decode()


def test_only_runs_that_differ_are_named(store: Store) -> None:
    empty = tip(store)
    one, two = publish(store, a_run(1), a_run(2))
    first = tip(store)
    (three,) = publish(store, a_run(3))
    with store.change("remove and edit") as change:
        change.remove(one)
        change.put(f"{two}/note.txt", b"x")
        change.put("registry/models/m/model.yaml", b"x")
        change.put(f"runs/churn/2026-11-23/0/081451-m-{'0' * 32}/logged-model.yaml", b"x")
    assert sorted(changed(store, None)) == sorted([(two, True), (three, True)])
    assert sorted(changed(store, first)) == sorted([(one, False), (two, True), (three, True)])
    assert sorted(changed(store, tip(store), empty)) == sorted([(two, False), (three, False)])
    assert changed(store, tip(store)) == []


def test_an_experiment_that_differs_is_noticed(store: Store) -> None:
    objects = store.repository.objects
    publish(store, a_run(1))
    before = store.snapshot().tree
    with store.change("rename") as change:
        change.put(layout.experiment_path(CHURN.folder), b"id: x\n")
    walk = Walk(objects)
    assert list(walk.changed_runs(before, store.snapshot().tree)) == []
    assert walk.experiments


def planted_tree(repo: Path, path: str, oid: str) -> None:
    """Commit a state whose folder `path` is the tree of that id, which is not there."""
    parts = path.split("/")
    for depth in range(len(parts) - 1, -1, -1):
        above = "/".join(parts[:depth])
        listed = git(repo, "ls-tree", f"mlgit:{above}", check=True).stdout.splitlines()
        kept = [line for line in listed if line.rpartition("\t")[2] != parts[depth]]
        rows = "\n".join([*kept, f"040000 tree {oid}\t{parts[depth]}"]) + "\n"
        oid = mktree(repo, rows)
    commit = git(repo, "commit-tree", "-p", "mlgit", "-m", "missing", oid, check=True).stdout
    git(repo, "update-ref", "refs/heads/mlgit", commit.strip(), check=True)


def mktree(repo: Path, rows: str) -> str:
    import subprocess

    argv = ["git", "mktree", "--missing"]
    made = subprocess.run(argv, input=rows, cwd=repo, text=True, capture_output=True, check=True)
    return made.stdout.strip()


def test_a_tree_that_cannot_be_read_hides_only_its_runs(
    store: Store, index: Index, repo: Path
) -> None:
    here, there = publish(store, a_run(1), a_run(2, start=a_run(1).start + 86_400_000))
    good = tip(store)
    assert len(index.search()) == 2
    day = "/".join(there.split("/")[:3])
    missing = b"40000 later\0" + bytes.fromhex(store.snapshot().tree.decode())
    planted_tree(repo, day, object_id(TREE, missing).decode())
    for _ in range(2):
        assert [found.folder for found in index.find()] == [here]
        assert [damage.path for damage in index.damage()] == [day]
    publish(store, a_run(3))
    assert len(index.search()) == 2
    with pytest.raises(NotFound):
        list(Walk(store.repository.objects).changed_runs(store.snapshot().tree, b"0" * 40))
    write_loose(store.repository.objects.directory, TREE, missing)
    assert len(index.search()) == 2
    assert index.damage() == []
    git(repo, "update-ref", "refs/heads/mlgit", good, check=True)
    assert {found.folder for found in index.find()} == {here, there}
    assert index.damage() == []
