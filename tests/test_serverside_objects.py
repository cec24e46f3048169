"""Objects that nobody honest makes, pushed to a guarded server."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.store import plant
from tests.support.judging import attack, clone, make_server, place, push, record, refused
from tests.support.repos import git


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return make_server(tmp_path)


@pytest.fixture
def ann(hub: Path, tmp_path: Path) -> Store:
    """A clone whose store has a run and is on the server."""
    store = clone(str(hub), tmp_path / "ann")
    record(store)
    answer = push(store)
    assert answer.code == 0, answer.said
    return store


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({b"x": ("120000", "blob")}, "mode 120000"),
        ({b"run.sh": ("100755", "blob")}, "mode 100755"),
        ({b"\x1b]8;;evil\x07": ("100644", "blob")}, "control characters"),
        ({b"con.yaml": ("100644", "blob")}, "take for another"),
        ({b"$(touch pwned)": ("100644", "blob")}, ""),
        ({b"`touch pwned`.yaml": ("100644", "blob")}, ""),
        ({b"-rf": ("100644", "blob")}, ""),
    ],
    ids=["link", "program", "escape", "device", "shell", "backticks", "option"],
)
def test_names_are_data(
    ann: Store, hub: Path, tmp_path: Path, entry: dict[bytes, tuple[str, str]], reason: str
) -> None:
    def change(path: Path, tree: plant.Planted) -> None:
        for name, (mode, _) in entry.items():
            tree[name] = (mode, plant.blob(path, b"../../etc/passwd"))

    attack(ann, change)
    if reason:
        refused(ann, hub, reason)
        clean = git(place(ann), "commit-tree", "origin/mlgit^{tree}", "-p", "mlgit", "-m", "gone")
        git(place(ann), "branch", "-f", "mlgit", clean.stdout.strip(), check=True)
        refused(ann, hub, reason)  # also where the tip has it not any more
    else:
        assert push(ann).code == 0
    assert not list(tmp_path.rglob("pwned"))
    assert "\x1b" not in push(ann, "+mlgit").said


def _add(name: bytes, _: Path, tree: plant.Planted) -> None:
    tree[name] = {b"x": b"1"}


def test_a_name_with_dots_and_git_folders_does_not_pass_git_itself(ann: Store, hub: Path) -> None:
    for name in (b"..", b".GIT", b"git~1"):
        before = plant.contents(place(ann))
        attack(ann, partial(_add, name))
        refused(ann, hub)
        root = plant.tree(place(ann), before)
        oid = git(place(ann), "commit-tree", root, "-p", "origin/mlgit", "-m", "back")
        git(place(ann), "branch", "-f", "mlgit", oid.stdout.strip(), check=True)


def test_huge_files_and_bombs(ann: Store, hub: Path) -> None:
    base = git(place(ann), "rev-parse", "mlgit").stdout.strip()

    def big(_: Path, tree: plant.Planted) -> None:
        tree[b"big.bin"] = bytes(101 << 20)

    attack(ann, big)
    refused(ann, hub, "105,906,176 bytes; 104,857,600 are allowed")
    git(place(ann), "branch", "-f", "mlgit", base, check=True)

    def bomb(path: Path, tree: plant.Planted) -> None:
        oid = plant.tree(path, {b"x": b"1"})
        for _ in range(8):
            oid = plant.raw_tree(path, [(b"%02d" % n, "40000", oid) for n in range(20)])
        tree[b"bomb"] = ("40000", oid)

    attack(ann, bomb)
    refused(ann, hub, "copies of each other")
    git(place(ann), "branch", "-f", "mlgit", base, check=True)
    attack(ann, lambda path, tree: tree.update({b"deep": ("40000", plant.nested(path, 3000))}))
    refused(ann, hub, "copies of each other")


def test_only_commits_are_tips(ann: Store, hub: Path) -> None:
    path = place(ann)
    git(path, "tag", "-a", "-m", "x", "marked", "mlgit", check=True)
    blob = git(path, "rev-parse", "main:train.py").stdout.strip()
    tree = git(path, "rev-parse", "mlgit^{tree}").stdout.strip()
    before = git(hub, "for-each-ref").stdout
    for forged in (blob, tree, git(path, "rev-parse", "marked").stdout.strip()):
        for ref in ("mlgit", "mlgit-registry", "mlgit-promote/x"):
            assert push(ann, f"+{forged}:refs/heads/{ref}").code == 1
    assert git(hub, "for-each-ref").stdout == before


def test_commits_with_odd_lines_and_clocks_do_not_hide_what_they_bring(
    ann: Store, hub: Path
) -> None:
    path = place(ann)
    attack(ann, lambda _, tree: tree.clear())
    tree, parent = (
        git(path, "rev-parse", name).stdout.strip() for name in ("mlgit^{tree}", "mlgit~1")
    )
    who = "eve <eve@example.org> 99999999999 +0000"
    for lines in (
        f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nx\n",
        f"tree {tree}\nparent {parent}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nx\n",
        f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\nparent {parent}\n\nx\n",
    ):
        commit = plant.raw_commit(path, lines.encode())
        git(path, "update-ref", "refs/heads/mlgit", commit, check=True)
        refused(ann, hub)
