"""Reading a store at one commit: by path, streamed, with damage contained."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.errors import Ambiguous, Damaged, NotFound
from mlgit.records import layout
from mlgit.records.experiment import dump_experiment
from mlgit.records.metrics import Point, encode_points
from mlgit.records.run import Purged, RunStatus, dump_purged, dump_run
from mlgit.store.store import Store
from tests.store import plant
from tests.store.conftest import IDS
from tests.store.records import CHURN, POINTS, START, a_publication, a_run, folder_of, published


def test_every_part_of_a_run_is_read(store: Store) -> None:
    publication = a_publication(artifacts={"plots/roc.txt": b"0 1"})
    files = {
        **publication.files,
        "environment.txt": b"numpy==2.0\n",
        "code.patch": b"diff\n",
        "metrics.w1-0.csv": encode_points([Point(9, START, "val_acc", 1.0)]),
    }
    store.publish(publication._replace(files=files))
    snapshot, folder = store.snapshot(), folder_of(a_run())
    assert snapshot.run(folder) == a_run()
    assert snapshot.points(folder) == [*POINTS, Point(9, START, "val_acc", 1.0)]
    assert list(snapshot.segments(folder)) == ["metrics.csv", "metrics.w1-0.csv"]
    (entry,) = snapshot.manifest(folder)
    assert snapshot.read(f"{folder}/{entry.inline}") == b"0 1"
    assert snapshot.environment(folder) == b"numpy==2.0\n"
    assert snapshot.patch(folder) == b"diff\n"
    assert snapshot.inputs(folder).datasets == ()


def test_what_is_not_there_is_empty_or_none(store: Store) -> None:
    snapshot = store.snapshot()
    assert snapshot.read("nowhere") is None
    assert snapshot.read("mlgit.yaml/below") is None
    assert snapshot.read("") is None
    assert snapshot.names("nowhere") == []
    assert list(snapshot.manifest("nowhere")) == []
    assert snapshot.points("nowhere") == []
    assert snapshot.patch("nowhere") is None
    assert snapshot.experiments() == ([], [])
    assert snapshot.experiment_by_name("churn") is None
    assert list(snapshot.run_folders("churn")) == []
    with pytest.raises(Damaged, match="missing"):
        snapshot.run("nowhere")


def test_segments_come_by_writer_and_number(store: Store) -> None:
    names = ["metrics.csv", "metrics.b-2.csv", "metrics.b-10.csv", "metrics.a-0.csv"]
    with store.change("segments") as change:
        for name in [*names, "metrics.csv.bak"]:
            change.put(f"x/{name}", encode_points([]))
    assert list(store.snapshot().segments("x")) == [
        "metrics.csv",
        "metrics.a-0.csv",
        "metrics.b-2.csv",
        "metrics.b-10.csv",
    ]


def test_folders_of_runs_stream_by_day_and_experiment(store: Store, runs: list[str]) -> None:
    snapshot = store.snapshot()
    assert list(snapshot.run_folders()) == runs
    assert list(snapshot.run_folders("churn")) == runs
    assert list(snapshot.run_folders("other")) == []


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("9f3c000000000001", [0]),
        ("9f3c", [0]),
        ("9f3", [0, 1]),
        ("a", [2]),
        ("", [0, 1, 2]),
        ("b", []),
        ("9f3c0000000000011", []),
        ("../..", []),
        ("é", []),
    ],
)
def test_any_prefix_of_an_id_names_runs(
    store: Store, runs: list[str], prefix: str, found: list[int]
) -> None:
    assert store.snapshot().find_run(prefix) == [runs[number] for number in found]


def test_an_imported_id_that_is_no_folder_name_is_found_by_its_file(store: Store) -> None:
    folder = published(store, a_run("Run_With-Capitals"))
    assert "~" in folder
    snapshot = store.snapshot()
    assert snapshot.find_run("Run_With-Capitals") == [folder]
    assert snapshot.find_run("Run_") == [folder]
    assert snapshot.find_run("run_") == []


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 16))
def test_every_prefix_of_every_id_is_found(whole: str, length: int) -> None:
    part = layout.run_part(whole)
    assert layout.part_may_start(part, whole[:length])


@pytest.mark.parametrize(
    "folder",
    [
        "churn/2026-11-23/f/081451-9f3c000000000001",
        "churn/2026-11-23/e/081451-9f3c000000000001",
        "churn/2026-02-30/f/081451-9f3c000000000001",
        "churn/2026-11-23/f/240000-9f3c000000000001",
        "churn/2026-11-23/ff/081451-9f3c000000000001",
        "con/2026-11-23/f/081451-9f3c000000000001",
        "Churn/2026-11-23/f/081451-9f3c000000000001",
        "x~00000000/2026-11-23/f/081451-9f3c000000000001",
        "churn/2026-11-23/0/081451-a~0123456789ab",
        "churn/2026-11-23/0/081451-a~0123",
        "churn/2026-11-23/f/081451-9F3C000000000001",
        "churn/2026-11-23/2/081451-m-1",
    ],
)
def test_a_folder_counts_as_a_run_exactly_where_its_path_is_one(store: Store, folder: str) -> None:
    """The index goes by paths and a scan by folders; they must see the same runs."""
    path = f"runs/{folder}/run.yaml"
    with store.change("folder") as change:
        change.put(path, dump_run(a_run()))
    expected = [f"runs/{folder}"] if layout.parse_path(path) else []
    assert list(store.snapshot().run_folders()) == expected


def test_a_logged_model_is_no_run(store: Store, runs: list[str]) -> None:
    folder = layout.model_folder("churn", START, "m-" + "0" * 32)
    with store.change("model: logged") as change:
        change.put(f"{folder}/logged-model.yaml", b"format: 1\n")
    assert list(store.snapshot().run_folders()) == runs


def test_a_snapshot_does_not_move_with_the_branch(store: Store, runs: list[str]) -> None:
    before = store.snapshot()
    store.edit_run(runs[0], lambda run: run.with_tag("a", "b"), "tag: a=b")
    assert before.run(runs[0]).tags == {}
    assert store.snapshot().run(runs[0]).tags == {"a": "b"}


def test_changes_are_the_paths_that_differ(store: Store, runs: list[str]) -> None:
    before = store.snapshot()
    store.edit_run(runs[0], lambda run: run.with_tag("a", "b"), "tag: a=b")
    after = store.snapshot()
    (change,) = after.changes_since(before.commit)
    assert change.path == f"{runs[0]}/run.yaml"
    assert change.new is not None
    assert after.blob(change.new.oid) == after.read(change.path)
    everything = [change.path for change in after.changes_since(None)]
    assert f"{runs[2]}/run.yaml" in everything
    with pytest.raises(NotFound):
        list(after.changes_since(b"0" * 39 + b"1"))


@pytest.mark.usefixtures("runs")
def test_experiments_are_found_by_id_and_by_name(store: Store) -> None:
    old = CHURN._replace(id="1", folder="churn~00000000", lifecycle="deleted", updated=START - 1)
    gone = CHURN._replace(id="2", folder="gone", name="gone", lifecycle="deleted")
    with store.change("experiments") as change:
        for experiment in (old, gone):
            path = layout.experiment_path(experiment.folder)
            change.put(path, dump_experiment(experiment))
    snapshot = store.snapshot()
    assert snapshot.experiment_by_id("1") == old
    assert snapshot.experiment_by_id("3") is None
    assert snapshot.experiment_by_name("churn") == CHURN
    assert snapshot.experiment_by_name("gone") == gone
    assert [e.id for e in snapshot.experiments()[0]] == [CHURN.id, "1", "2"]


@pytest.mark.usefixtures("runs")
def test_two_live_experiments_of_one_name_are_not_guessed_between(store: Store) -> None:
    twin = CHURN._replace(id="1", folder="churn2")
    with store.change("experiments") as change:
        change.put("runs/churn2/experiment.yaml", dump_experiment(twin))
    with pytest.raises(Ambiguous) as caught:
        store.snapshot().experiment_by_name("churn")
    assert caught.value.facts["candidates"] == [CHURN.id, "1"]


def test_a_purged_run_is_gone_but_its_folder_stays(store: Store, runs: list[str]) -> None:
    with store.change("purge") as change:
        change.put(f"{runs[0]}/run.yaml", dump_purged(Purged(IDS[0], START, "w1")))
    with pytest.raises(NotFound, match="purged"):
        store.snapshot().run(runs[0])
    assert list(store.snapshot().run_folders()) == runs


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x00\xff",
        b"id: x\n",
        b"- a\n",
        b"a: &x 1\n",
        b"!!python/name:os.system\n",
        b"[" * 9999,
    ],
)
def test_one_damaged_record_hides_no_other(store: Store, runs: list[str], damage: bytes) -> None:
    with store.change("damage") as change:
        change.put(f"{runs[1]}/run.yaml", damage)
        change.put("runs/broken/experiment.yaml", damage)
    snapshot = store.snapshot()
    found, damaged = snapshot.experiments()
    assert [e.id for e in found] == [CHURN.id]
    assert [each.path for each in damaged] == ["runs/broken/experiment.yaml"]
    with pytest.raises(Damaged) as caught:
        snapshot.run(runs[1])
    assert caught.value.facts["path"] == f"{runs[1]}/run.yaml"
    assert caught.value.facts["reason"]
    assert snapshot.run(runs[0]).status is RunStatus.FINISHED
    assert snapshot.find_run("9f3d") == [runs[1]]


@pytest.mark.parametrize("mode", ["120000", "160000", "100755"])
def test_a_record_that_is_a_link_or_a_submodule_is_not_followed(hostile: Path, mode: str) -> None:
    first, second, _ = Store.open(hostile).snapshot().run_folders()
    tree = plant.contents(hostile)
    plant.put(tree, f"{first}/run.yaml", (mode, plant.blob(hostile, b"/etc/passwd")))
    plant.commit(hostile, plant.tree(hostile, tree))
    snapshot = Store.open(hostile).snapshot()
    with pytest.raises(Damaged, match=mode):
        snapshot.run(first)
    assert snapshot.run(second).id == IDS[1]
    assert len(list(snapshot.run_folders())) == 3


def test_a_missing_object_is_named_with_the_path_it_was_for(hostile: Path) -> None:
    first, second, _ = Store.open(hostile).snapshot().run_folders()
    tree = plant.contents(hostile)
    plant.put(tree, f"{first}/run.yaml", ("100644", "1" * 40))
    plant.commit(hostile, plant.tree(hostile, tree))
    snapshot = Store.open(hostile).snapshot()
    with pytest.raises(Damaged, match=r"run\.yaml cannot be used") as caught:
        snapshot.run(first)
    assert caught.value.hint
    assert snapshot.run(second).id == IDS[1]


def test_an_unreadable_tree_hides_only_its_own_runs(hostile: Path) -> None:
    first, second, third = Store.open(hostile).snapshot().run_folders()
    tree = plant.contents(hostile)
    day = second.rpartition("/")[0].rpartition("/")[0]
    plant.put(tree, day, ("40000", plant.blob(hostile, b"no tree")))
    plant.commit(hostile, plant.tree(hostile, tree))
    snapshot = Store.open(hostile).snapshot()
    assert list(snapshot.run_folders()) == [first, third]
    assert snapshot.find_run("aaaa") == [third]
    with pytest.raises(Damaged):
        snapshot.run(second)
