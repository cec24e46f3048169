"""The check of a store: what is wrong is named with its place, what is right is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlgit.git.oid import Oid
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.records.experiment import dump_experiment
from mlgit.records.run import Purged, dump_purged, dump_run
from mlgit.store.check import Problem, check
from mlgit.store.store import Store
from tests.store import plant
from tests.store.conftest import IDS
from tests.store.records import CHURN, START, a_publication, a_run


def problems(path: Path | Store, *, deep: bool = True, since: Oid | None = None) -> list[Problem]:
    store = Store.open(path) if isinstance(path, Path) else path
    return check(store.snapshot(), deep=deep, since=since)


def spoil(store: Store, path: str, data: bytes | None) -> None:
    with store.change("spoil") as change:
        change.remove(path) if data is None else change.put(path, data)


def one(store: Store, path: str, data: bytes | None, *, deep: bool = True) -> Problem:
    """The only problem after one file was replaced."""
    spoil(store, path, data)
    (problem,) = problems(store, deep=deep)
    return problem


def test_an_honest_store_has_no_problems(store: Store, runs: list[str]) -> None:
    store.publish(a_publication(a_run(IDS[0]), {"A.txt": b"1", "a.txt": b"2", "p/x y": b"3"}))
    store.edit_run(runs[1], lambda run: run.with_tag("a", "b"), "tag: a=b")
    model = layout.model_folder("churn", START, "m-" + "0" * 32)
    with store.change("more") as change:
        change.put(f"{runs[2]}/run.yaml", dump_purged(Purged(IDS[2], START, "w1")))
        change.put("README.md", b"# Runs\n")
        change.put(
            f"{model}/logged-model.yaml",
            f'format: 1\nid: m-{"0" * 32}\nname: x\nexperiment: "{CHURN.id}"\nstatus: READY\n'
            'created: "2026-11-23T08:14:51.123Z"\nupdated: "2026-11-23T08:14:51.123Z"\n'.encode(),
        )
        for name in ("metrics.csv",):
            change.remove(f"{runs[2]}/{name}")
    assert problems(store) == []
    assert problems(store, deep=False) == []


def test_a_problem_in_a_record_is_named_with_its_line(store: Store, runs: list[str]) -> None:
    text = (store.snapshot().read(f"{runs[1]}/run.yaml") or b"").decode()
    lines = text.splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith("status:"))
    lines[number] = "status: WONDERFUL"
    found = one(store, f"{runs[1]}/run.yaml", "\n".join([*lines, ""]).encode())
    assert (found.path, found.line, found.severity) == (f"{runs[1]}/run.yaml", number + 1, "error")
    assert "status" in found.message


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("mlgit.yaml", b"format: none\n"),
        ("runs/churn/experiment.yaml", b"id: []\n"),
        ("registry/policy.yaml", b"- a\n"),
        ("registry/models/churn/aliases/best.yaml", b"version: x\n"),
        ("trust.yaml", b"a: &x [*x]\n"),
    ],
)
def test_every_kind_of_file_is_held_against_its_schema(
    store: Store, path: str, data: bytes
) -> None:
    spoil(store, path, data)
    found = problems(store)
    assert found
    assert {problem.path for problem in found} == {path}
    assert found[0].severity == "error"


def test_a_run_in_the_wrong_folder_is_found(store: Store, runs: list[str]) -> None:
    found = one(store, f"{runs[0]}/run.yaml", dump_run(a_run(IDS[0], start=START + 1000)))
    assert "belong to" in found.message
    found = one(store, f"{runs[0]}/run.yaml", dump_run(a_run("0" * 16)))
    assert "belong to" in found.message


def test_a_run_twice_on_the_branch_is_found(store: Store, runs: list[str]) -> None:
    again = layout.run_folder("churn", START + 1000, IDS[0])
    with store.change("twice") as change:
        for name in ("run.yaml", "metrics.csv"):
            change.put(f"{again}/{name}", store.snapshot().read(f"{runs[0]}/{name}") or b"")
        change.put(f"{again}/run.yaml", dump_run(a_run(IDS[0], start=START + 1000)))
    (found,) = problems(store)
    assert found.message == f"the run {IDS[0]} is also in {runs[0]}"


def test_a_folder_without_a_run_and_a_run_without_an_experiment(
    store: Store, runs: list[str]
) -> None:
    found = one(store, f"{runs[0]}/run.yaml", None)
    assert (found.path, found.message) == (f"{runs[0]}/run.yaml", "is missing")
    store.publish(a_publication(a_run(IDS[0])))
    found = one(store, f"{runs[0]}/run.yaml", dump_run(a_run(IDS[0], experiment_id="7")))
    assert (found.severity, found.message) == ("warning", "there is no experiment 7")


def test_summaries_must_follow_from_the_points(store: Store, runs: list[str]) -> None:
    metrics = {"val_acc": replace(a_run().metrics["val_acc"], last=1.0)}
    found = one(store, f"{runs[0]}/run.yaml", dump_run(a_run(IDS[0], metrics=metrics)))
    assert found.message == "metrics.val_acc: does not follow from the points"
    assert problems(store, deep=False) == []


def test_a_row_that_is_no_point_is_named_with_its_line(store: Store, runs: list[str]) -> None:
    rows = b"step,timestamp,key,value\n1,2,a,0.5\n1,2,a,high\n"
    found = one(store, f"{runs[0]}/metrics.csv", rows)
    assert (found.path, found.line) == (f"{runs[0]}/metrics.csv", 3)


def test_artifacts_in_git_must_have_the_bytes_of_the_manifest(
    store: Store, runs: list[str]
) -> None:
    store.publish(a_publication(a_run(IDS[0]), {"a.txt": b"12345"}))
    found = one(store, f"{runs[0]}/files/a.txt", b"12346")
    assert found.path == f"{runs[0]}/files/a.txt"
    assert "digest" in found.message
    found = one(store, f"{runs[0]}/files/a.txt", None)
    assert found.message == "'a.txt': there is no files/a.txt"


def test_orphans_duplicates_and_clashes_of_a_manifest(store: Store, runs: list[str]) -> None:
    digest = "0" * 64
    entries = [ArtifactEntry(path, 1, digest) for path in ("a", "a", "a/b", "c")]
    with store.change("spoil") as change:
        change.put(f"{runs[0]}/artifacts.yaml", dump_manifest(entries))
        change.put(f"{runs[0]}/files/orphan.txt", b"x")
    found = {(each.path.rpartition("/")[2], each.message) for each in problems(store)}
    assert found == {
        ("artifacts.yaml", "'a' is listed twice"),
        ("artifacts.yaml", "'a' is a file and a folder"),
        ("orphan.txt", "no artifact of the manifest"),
    }


@pytest.mark.parametrize("path", ["../../x", "/etc/passwd", "a\\b", ".git/hooks/x"])
def test_a_hostile_path_in_a_manifest_is_an_error(store: Store, runs: list[str], path: str) -> None:
    data = dump_manifest([ArtifactEntry(path, 1, "0" * 64)])
    assert one(store, f"{runs[0]}/artifacts.yaml", data).severity == "error"


def test_experiments_that_clash_after_a_merge(store: Store, runs: list[str]) -> None:
    twin = replace(CHURN, id="1", folder="twin")
    same = replace(CHURN, name="other", folder="zame", lifecycle="deleted")
    del runs
    with store.change("experiments") as change:
        for experiment in (twin, same):
            path = layout.experiment_path(experiment.folder)
            change.put(path, dump_experiment(experiment))
    found = [(each.path, each.severity) for each in problems(store)]
    assert found == [
        ("runs/twin/experiment.yaml", "warning"),
        ("runs/zame/experiment.yaml", "error"),
    ]


def test_unknown_files_are_only_noted(store: Store, runs: list[str]) -> None:
    with store.change("more") as change:
        for path in ("notes.txt", ".github/workflows/ci.yml", f"{runs[0]}/profile.json"):
            change.put(path, b"x")
    assert {(each.path, each.severity) for each in problems(store)} == {
        ("notes.txt", "note"),
        (".github", "note"),
        (f"{runs[0]}/profile.json", "note"),
    }


def test_large_files_are_warned_of_at_the_limit(store: Store, runs: list[str]) -> None:
    limit = store.settings.limits.inline_file
    store.publish(a_publication(a_run(IDS[0]), {"a": b"x" * limit}))
    assert problems(store) == []
    store.publish(a_publication(a_run(IDS[0]), {"a": b"x" * (limit + 1)}))
    assert [each.severity for each in problems(store)] == ["warning"]
    assert runs[0] in problems(store)[0].path
    long = replace(store.snapshot().run(runs[1]), note="x" * (1 << 20))
    spoil(store, f"{runs[1]}/run.yaml", dump_run(long))
    assert [each.severity for each in problems(store)] == ["warning", "warning"]


def test_only_what_changed_is_looked_at_when_a_commit_is_given(
    store: Store, runs: list[str]
) -> None:
    spoil(store, f"{runs[0]}/run.yaml", b"broken")
    before = store.snapshot().commit
    assert problems(store, since=before) == []
    spoil(store, f"{runs[1]}/run.yaml", b"broken")
    assert {each.path for each in problems(store, since=before)} == {f"{runs[1]}/run.yaml"}
    spoil(store, "mlgit.yaml", b"broken")
    assert {each.path for each in problems(store, since=before)} == {
        "mlgit.yaml",
        f"{runs[1]}/run.yaml",
    }


def test_a_run_that_was_taken_away_is_an_error(store: Store, runs: list[str]) -> None:
    before = store.snapshot().commit
    spoil(store, runs[1], None)
    (found,) = problems(store, since=before)
    assert found.path == f"{runs[1]}/run.yaml"
    assert "removed" in found.message
    assert problems(store) == []


def test_a_commit_that_is_gone_makes_the_check_look_at_all(store: Store, runs: list[str]) -> None:
    spoil(store, f"{runs[1]}/run.yaml", b"broken")
    found = problems(store, since=b"1" * 40)
    assert [each.severity for each in found] == ["warning", "error"]


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


def test_a_yaml_bomb_and_a_huge_document_are_refused_quickly(store: Store, runs: list[str]) -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (n, n, *[n - 1] * 7) for n in range(98, 110)
    )
    for data in (bomb, b"[" * 100_000, b"a: " + b"9" * 1_000_000, b"x" * (17 << 20)):
        spoil(store, f"{runs[0]}/run.yaml", data)
        assert {each.path for each in problems(store)} == {f"{runs[0]}/run.yaml"}


def test_the_list_of_problems_has_an_end(hostile: Path) -> None:
    tree = plant.contents(hostile)
    oid = plant.blob(hostile, b"x")
    for number in range(10_050):
        plant.put(tree, f"runs/bad {number}", ("120000", oid))
    plant.commit(hostile, plant.tree(hostile, tree))
    found = problems(hostile)
    assert len(found) == 10_001
    assert "more than" in found[-1].message
