"""What a hostile colleague pushes is named and left out; the team's work goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from mlgit.errors import MlgitError
from mlgit.runs import begin, edit
from mlgit.sharing.forget import Wanted, forget
from mlgit.sharing.pull import Pulled
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.sharing.forgetting import ids as living
from tests.store import plant
from tests.support.repos import footprint, git, make_repo

Clone = Callable[[str], Store]
NAMES = [
    b"..", b".", b"a/b", b"a\\b", b"x\n", b"\x1b[2J", b"\xff\xfe", b".git", b".GIT", b"git~1",
    b".git ", b".g\xe2\x80\x8cit", b".git::$INDEX_ALLOCATION", b"a.", b"x" * 300, b"con.yaml",
    b"C:x", b"\xe2\x80\xaegpj.exe",
]  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """Makes clones of one hub; the first makes the store. Nobody asks fsck: it is hostile."""
    code = make_repo(tmp_path / "code")
    hub = tmp_path / "hub.git"
    git(tmp_path, "clone", "-q", "--bare", str(code), str(hub), check=True)
    with ExitStack() as stack:

        def new(name: str) -> Store:
            path = tmp_path / name
            git(tmp_path, "clone", "-q", str(hub), str(path), check=True)
            if git(path, "rev-parse", "-q", "--verify", "origin/mlgit").returncode:
                Store.init(path).store.close()
            return stack.enter_context(Store.open(path))

        yield new


def record(store: Store) -> str:
    run = begin.start(store, "churn")
    run.log_metrics({"acc": 0.9})
    run.finish()
    return run.id


def share(*stores: Store) -> None:
    for store in (*stores, *stores):
        sync(store, transport_of(store))


def ids(store: Store) -> set[str]:
    snapshot = store.snapshot()
    return {snapshot.run(folder).id for folder in snapshot.run_folders()}


def attack(tmp_path: Path, change: Callable[[Path, plant.Planted], None]) -> None:
    """Push a branch on which `change` was done with git's own plumbing."""
    path = tmp_path / "mallory"
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "hub.git"), str(path), check=True)
    tree = plant.contents(path)
    change(path, tree)
    plant.commit(path, plant.tree(path, tree))
    git(path, "push", "-q", "origin", "mlgit", check=True)


def taken(store: Store) -> Pulled:
    found = pull(store, transport_of(store))
    assert found is not None
    return found


def errors(store: Store) -> list[str]:
    return [each.path for each in check(store.snapshot(), deep=True) if each.severity == "error"]


@pytest.mark.parametrize("busy", [False, True], ids=["forward", "merge"])
def test_every_hostile_name_is_left_out_and_named(clone: Clone, tmp_path: Path, busy: bool) -> None:
    ours = clone("ours")
    made = {record(ours)}
    share(ours)
    folder = next(ours.snapshot().run_folders())

    def change(_: Path, tree: plant.Planted) -> None:
        for where in ("", "runs", "runs/churn", folder, f"{folder}/files", "registry/models"):
            plant.folder(tree, where).update(dict.fromkeys(NAMES, where.encode()))
        plant.put(tree, "notes.txt", b"kept")

    attack(tmp_path, change)
    made |= {record(ours)} if busy else set()
    before = footprint(tmp_path / "ours")
    held = taken(ours).held
    assert len(held) == 6 * len(NAMES)
    assert all(each.reason for each in held)
    assert errors(ours) == []
    assert ours.snapshot().read("notes.txt") == b"kept"
    share(ours)
    assert ids(clone("new")) == ids(ours) == made
    assert footprint(tmp_path / "ours") == before


def test_what_comes_with_a_new_epoch_is_cleaned_too(clone: Clone, tmp_path: Path) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours)
    share(ours)
    theirs = clone("theirs")
    (folder,) = theirs.snapshot().find_run(gone)
    forget(theirs, Wanted((folder,)))
    share(theirs)

    def change(_: Path, tree: plant.Planted) -> None:
        plant.folder(tree, "runs/churn").update(dict.fromkeys(NAMES, b"planted"))

    attack(tmp_path, change)
    made = {kept, record(ours)}
    found = taken(ours)
    assert found.epoch is not None
    assert len(found.held) == len(NAMES)
    assert errors(ours) == []
    share(ours)
    assert living(clone("new")) == living(ours) == made


def test_links_and_submodules_go_and_other_files_become_plain(clone: Clone, tmp_path: Path) -> None:
    ours = clone("ours")
    record(ours)
    share(ours)
    folder = next(ours.snapshot().run_folders())

    def change(path: Path, tree: plant.Planted) -> None:
        run = plant.folder(tree, folder)
        run[b"run.yaml"] = ("100755", run[b"run.yaml"][1])
        oid = plant.blob(path, b"../../../etc/passwd")
        tree[b"link"], tree[b"module"] = ("120000", oid), ("160000", "1" * 40)
        plant.put(tree, "runs/churn", {**plant.folder(tree, "runs/churn"), b"l": ("120000", oid)})

    attack(tmp_path, change)
    before = ids(ours)
    held = {each.path for each in taken(ours).held}
    assert held == {"link", "module", "runs/churn/l", f"{folder}/run.yaml"}
    assert ids(ours) == before
    assert errors(ours) == []


def test_who_cleans_makes_the_same_commit(clone: Clone, tmp_path: Path) -> None:
    ours = clone("ours")
    record(ours)
    share(ours)
    theirs = clone("theirs")
    assert ids(theirs) == ids(ours)
    attack(tmp_path, lambda _, tree: tree.update({b".git": b"x"}))
    assert len(taken(ours).held) == len(taken(theirs).held) == 1
    assert ours.branch.tip() == theirs.branch.tip()
    share(ours, theirs)
    assert taken(clone("third")).held == ()
    made = record(theirs)
    share(theirs, ours)
    assert made in ids(ours)
    assert errors(ours) == []


def test_copies_of_runs_and_deep_trees_are_left_out(clone: Clone, tmp_path: Path) -> None:
    ours = clone("ours")
    record(ours)
    share(ours)
    folder = next(ours.snapshot().run_folders())

    def change(path: Path, tree: plant.Planted) -> None:
        deep = plant.nested(path, 4000)
        tree[b"deep"] = ("40000", deep)
        bomb = plant.tree(path, {b"run.yaml": b"x"})
        for names in ([b"%06d-a" % n for n in range(60)], b"0123456789abcdef", _days()):
            rows = [(bytes([n]) if isinstance(n, int) else n, "40000", bomb) for n in names]
            bomb = plant.raw_tree(path, sorted(rows))
        plant.put(tree, "runs/bomb", ("40000", bomb))
        plant.put(tree, f"{folder}/files/x", ("40000", deep))

    attack(tmp_path, change)
    assert any("copy" in each.reason for each in taken(ours).held)
    assert sum(1 for _ in ours.snapshot().run_folders()) < 10
    assert ours.snapshot().read("deep/d/d/d/x") is None
    share(ours)
    assert len(ids_or_nothing(clone("new"))) == 1


def _days() -> list[bytes]:
    return [b"2026-%02d-%02d" % (month, day) for month in range(1, 13) for day in range(1, 29)]


def ids_or_nothing(store: Store) -> set[str]:
    """Ids of the runs that can be read."""
    found = set()
    for folder in store.snapshot().run_folders():
        with suppress(MlgitError):
            found.add(store.snapshot().run(folder).id)
    return found


@pytest.mark.parametrize(
    "data",
    [b"\xff", b"a: &a [*a]\n", b"[" * 100_000, b"x" * (17 << 20), b"id: 1\n", b"format: 1\n"],
    ids=["bytes", "bomb", "nested", "huge", "other", "empty"],
)
def test_a_record_that_both_changed_and_one_broke_is_no_end(
    clone: Clone, tmp_path: Path, data: bytes
) -> None:
    ours = clone("ours")
    record(ours)
    share(ours)
    folder = next(ours.snapshot().run_folders())

    def change(_: Path, tree: plant.Planted) -> None:
        plant.put(tree, f"{folder}/run.yaml", data)
        plant.put(tree, "runs/churn/experiment.yaml", data)

    attack(tmp_path, change)
    edit.set_tags(ours, folder, {"team": "blue"})
    with ours.change("note") as block:
        path = "runs/churn/experiment.yaml"
        block.put(path, (ours.snapshot().read(path) or b"") + b"note: ours\n")
    pulled = taken(ours)
    assert set(pulled.open) == {f"{folder}/run.yaml", "runs/churn/experiment.yaml"}
    assert ours.snapshot().run(folder).tags["team"] == "blue"
    assert ours.snapshot().experiments()[0][0].note == "ours"
    assert errors(ours) == []
