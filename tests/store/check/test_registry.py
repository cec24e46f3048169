"""Links of the registry: what leads nowhere, or elsewhere than it says, is named."""

from __future__ import annotations

from hashlib import sha256

import pytest

from mlgit.records import layout
from mlgit.store.check.check import Problem, check
from mlgit.store.store import Store
from tests.store.conftest import IDS
from tests.store.records import CHURN, START, a_publication, a_run

MODEL = "m-" + "0" * 32
TIME = '"2026-11-23T08:45:51.123Z"'
ROOT = "registry/models/churn"


def version(uid: str = "aa", **more: str) -> str:
    lines = [f"{key}: {value}\n" for key, value in more.items()]
    return f"format: 1\nuid: {uid}\nstatus: READY\ncreated: {TIME}\n" + "".join(lines)


def alias(number: int, uid: str = "aa", **more: str) -> str:
    lines = [f"{key}: {value}\n" for key, value in more.items()]
    return f"format: 1\nalias: prod\nversion: {number}\nuid: {uid}\n" + "".join(
        [*lines, f"at: {TIME}\nby: w1\n"]
    )


def put(store: Store, *edits: tuple[str, str]) -> None:
    with store.change("registry") as change:
        for path, data in edits:
            change.put(path, data.encode())


def found(store: Store, *, deep: bool = False, since: bytes | None = None) -> dict[str, Problem]:
    problems = check(store.snapshot(), deep=deep, since=since)
    return {each.code: each for each in problems}


def test_a_version_names_a_run_a_model_and_a_manifest_that_are_there(
    store: Store, runs: list[str]
) -> None:
    store.publish(a_publication(a_run(IDS[0]), {"a.txt": b"1"}))
    digest = sha256(store.snapshot().read(f"{runs[0]}/artifacts.yaml") or b"").hexdigest()
    good = version(run=f'"{IDS[0]}"', manifest=f'"sha256:{digest}"')
    put(store, (f"{ROOT}/versions/1.yaml", good))
    assert found(store) == {}
    put(store, (f"{ROOT}/versions/1.yaml", good.replace(digest, "0" * 64)))
    assert found(store)["manifest-differs"].path == f"{ROOT}/versions/1.yaml"
    put(store, (f"{ROOT}/versions/1.yaml", version(run="nobody", logged_model=MODEL)))
    assert {(code, each.severity) for code, each in found(store).items()} == {
        ("no-run", "warning"),
        ("no-model", "warning"),
    }
    gone = version(run="nobody").replace("READY", "DELETED")
    put(store, (f"{ROOT}/versions/1.yaml", gone))
    assert found(store) == {}


def test_an_alias_points_to_the_version_of_its_uid(store: Store) -> None:
    put(
        store,
        (f"{ROOT}/versions/1.yaml", version("aa")),
        (f"{ROOT}/versions/2.yaml", version("bb", manifest=f'"sha256:{"1" * 64}"')),
        (f"{ROOT}/aliases/prod.yaml", alias(1, "aa")),
        (f"{ROOT}/stages/2.yaml", f"format: 1\nstage: Staging\nuid: bb\nat: {TIME}\nby: w1\n"),
    )
    assert found(store) == {}
    put(store, (f"{ROOT}/aliases/prod.yaml", alias(1, "bb")))
    assert found(store)["no-version"].message.endswith("; 2 is")
    put(store, (f"{ROOT}/aliases/prod.yaml", alias(2, "bb", manifest=f'"sha256:{"2" * 64}"')))
    assert found(store)["manifest-differs"].path == f"{ROOT}/aliases/prod.yaml"
    put(store, (f"{ROOT}/aliases/prod.yaml", alias(9, "cc")))
    assert found(store)["no-version"].severity == "error"


@pytest.mark.parametrize("uid", ["[a]", "{a: b}", "1"])
def test_values_of_any_type_are_no_crash(store: Store, uid: str) -> None:
    put(
        store,
        (f"{ROOT}/versions/1.yaml", version(uid)),
        (f"{ROOT}/aliases/prod.yaml", f"version: {uid}\nuid: {uid}\nprevious: {uid}\n"),
        ("deployments/k8s/api.yaml", f"uid: {uid}\n"),
    )
    assert any(each.severity == "error" for each in check(store.snapshot(), deep=True))


def test_an_alias_says_what_it_pointed_to_before(store: Store) -> None:
    path = f"{ROOT}/aliases/prod.yaml"
    versions = [(f"{ROOT}/versions/{n}.yaml", version(uid)) for n, uid in ((1, "aa"), (2, "bb"))]
    before = store.snapshot().commit
    put(store, *versions, (path, alias(1, "aa")))
    assert found(store, since=before) == {}
    put(store, (path, alias(2, "bb", previous="1")))
    assert found(store, deep=True) == {}
    put(store, (path, alias(2, "bb", previous="1", reason="again")))
    assert found(store, deep=True) == {}
    middle = store.snapshot().commit
    put(store, (path, alias(1, "aa", previous="1")))
    assert found(store) == {}
    for problems in (found(store, deep=True), found(store, since=middle)):
        assert "alias was at 2" in problems["previous-differs"].message


def test_runs_name_parents_and_models_that_are_there(store: Store, runs: list[str]) -> None:
    store.publish(a_publication(a_run("0" * 16, parent=IDS[0])))
    assert found(store) == {}
    store.publish(a_publication(a_run("1" * 16, parent="nobody")))
    assert found(store)["no-run"].severity == "warning"
    links = f"models:\n  - model_id: {MODEL}\n    direction: in\n"
    put(store, (f"{runs[0]}/inputs.yaml", links))
    assert found(store)["no-model"].path == f"{runs[0]}/inputs.yaml"
    folder = layout.model_folder("churn", START, MODEL)
    record = f'format: 1\nid: {MODEL}\nname: x\nexperiment: "{CHURN.id}"\nstatus: READY\n'
    put(store, (f"{folder}/logged-model.yaml", f"{record}created: {TIME}\nsource_run: gone\n"))
    assert "no-model" not in found(store)
    assert found(store)["no-run"].severity == "warning"
