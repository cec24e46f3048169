"""The check of a store: what is wrong is named with its place, what is right is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import NoStore
from mlgit.git.oid import Oid
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.records.experiment import dump_experiment
from mlgit.records.run import Purged, dump_purged, dump_run
from mlgit.store.check.check import Problem, check, require_store
from mlgit.store.store import Store
from mlgit.times import iso
from tests.store.conftest import IDS
from tests.store.records import CHURN, START, a_publication, a_run
from tests.support.repos import git

MODEL = (
    f'format: 1\nid: m-{"0" * 32}\nname: x\nexperiment: "{CHURN.id}"\nstatus: READY\n'
    f'created: "{iso(START)}"\nupdated: "{iso(START)}"\n'
).encode()


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
        change.put(f"{model}/logged-model.yaml", MODEL)
        change.remove(f"{runs[2]}/metrics.csv")
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


def test_a_logged_model_in_the_wrong_folder_is_found(store: Store) -> None:
    folder = layout.model_folder("churn", START, "m-" + "0" * 32)
    found = one(store, f"{folder}/artifacts.yaml", b"format: 1\n")
    assert (found.path, found.message) == (f"{folder}/logged-model.yaml", "is missing")
    found = one(store, f"{folder}/logged-model.yaml", MODEL.replace(b"m-000", b"m-111"))
    assert "belong to" in found.message
    spoil(store, f"{folder}/logged-model.yaml", MODEL)
    assert problems(store) == []


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
    metrics = {"val_acc": a_run().metrics["val_acc"]._replace(last=1.0)}
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
    twin = CHURN._replace(id="1", folder="twin")
    same = CHURN._replace(name="other", folder="zame", lifecycle="deleted")
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
    long = store.snapshot().run(runs[1])._replace(note="x" * (1 << 20))
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


def test_a_commit_that_holds_no_store_is_refused(store: Store) -> None:
    store.publish(a_publication(a_run(IDS[0])))
    with store.change("settings are not required") as change:
        change.remove(layout.SETTINGS)
    assert problems(store) == []
    require_store(store.snapshot())
    files = git(store.repository.common_dir, "ls-tree", "-r", "--name-only", "mlgit", check=True)
    with store.change("the runs of another program") as change:
        for path in files.stdout.splitlines():
            change.remove(path)
        change.put("runs/churn/events.out", b"not ours")
    with pytest.raises(NoStore, match=r"no mlgit\.yaml and no experiments") as caught:
        require_store(store.snapshot())
    assert "git branch" in caught.value.hint


def test_a_yaml_bomb_and_a_huge_document_are_refused_quickly(store: Store, runs: list[str]) -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (n, n, *[n - 1] * 7) for n in range(98, 110)
    )
    for data in (bomb, b"[" * 100_000, b"a: " + b"9" * 1_000_000, b"x" * (17 << 20)):
        spoil(store, f"{runs[0]}/run.yaml", data)
        assert {each.path for each in problems(store)} == {f"{runs[0]}/run.yaml"}
