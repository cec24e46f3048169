"""What a commit may not take back: each is named, and honest changes are not."""

from __future__ import annotations

import pytest

from mlgit.records.run import Purged, dump_purged, dump_run
from mlgit.store.check.check import Problem, check
from mlgit.store.store import Store
from tests.store.conftest import IDS
from tests.store.records import START, a_run, published

UID = "b3c94f0e6d2a1875"
VERSION = f'format: 1\nuid: {UID}\nstatus: READY\ncreated: "2026-11-23T08:45:51.123Z"\n'
EPOCH = f'format: 1\nepoch: 2\nroot: "{"1" * 40}"\nat: "2026-11-23T08:45:51.123Z"\nby: w1\n'
PATH = "registry/models/churn/versions/5.yaml"


def after(
    store: Store, *edits: tuple[str, bytes | str | None], since: bytes = b""
) -> list[Problem]:
    """What a range check says of one commit that makes these edits."""
    before = since or store.snapshot().commit
    with store.change("change") as change:
        for path, data in edits:
            content = data.encode() if isinstance(data, str) else data
            change.remove(path) if content is None else change.put(path, content)
    return check(store.snapshot(), since=before)


def codes(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in problems if each.severity == "error"]


def test_a_sealed_metric_file_that_changed_says_what_was_lost(
    store: Store, runs: list[str]
) -> None:
    path = f"{runs[0]}/metrics.csv"
    rows = (store.snapshot().read(path) or b"").splitlines(keepends=True)
    (found,) = after(store, (path, b"".join(rows[:-1])))
    assert (found.code, found.path) == ("seal-broken", path)
    assert "1 points lost" in found.message
    assert found.hint.endswith(f"-- {path}")


def test_a_metric_file_that_is_gone(store: Store, runs: list[str]) -> None:
    path = f"{runs[0]}/metrics.csv"
    assert codes(after(store, (path, None))) == [("seal-broken", path)]


def test_a_purge_leaves_a_stub_and_cannot_be_undone(store: Store, runs: list[str]) -> None:
    before = store.snapshot().read(f"{runs[0]}/run.yaml")
    stub = dump_purged(Purged(IDS[0], START + 86_400_000, "w1"))
    edits = [(f"{runs[0]}/run.yaml", stub), (f"{runs[0]}/metrics.csv", None)]
    assert after(store, *edits) == []
    assert codes(after(store, (f"{runs[1]}/run.yaml", None), (f"{runs[1]}/metrics.csv", None))) == [
        ("run-removed", f"{runs[1]}/run.yaml")
    ]
    assert ("purge-undone", f"{runs[0]}/run.yaml") in codes(
        after(store, (f"{runs[0]}/run.yaml", before))
    )


def test_parameters_stay_and_may_come(store: Store, runs: list[str]) -> None:
    path = f"{runs[0]}/run.yaml"
    run = store.snapshot().run(runs[0])
    assert after(store, (path, dump_run(run._replace(params={"lr": "0.1", "new": "1"})))) == []
    (found,) = after(store, (path, dump_run(run._replace(params={"lr": "0.2"}))))[:1]
    assert (found.code, found.message[:9]) == ("params-changed", "params.lr")


def test_a_parameter_in_conflict_may_be_resolved_to_a_side(store: Store, runs: list[str]) -> None:
    path = f"{runs[0]}/run.yaml"
    data = (store.snapshot().read(path) or b"").decode()
    torn = data.replace("lr: 0.1", 'lr:\n    sides:\n      - "0.1"\n      - "0.2"')
    assert torn != data
    before = store.snapshot().commit
    assert [each.code for each in after(store, (path, torn))] == ["conflict"]
    assert after(store, (path, data.replace("lr: 0.1", 'lr: "0.2"'))) == []
    assert codes(after(store, (path, data.replace("lr: 0.1", "lr: 0.3")), since=before)) == [
        ("params-changed", path)
    ]


@pytest.mark.parametrize(
    "edited",
    [
        None,
        VERSION.replace(UID, "77e0a1b2c3d4e5f6"),
        VERSION + f'manifest: "sha256:{"0" * 64}"\n',
    ],
)
def test_a_landed_version_never_changes(store: Store, edited: str | None) -> None:
    assert codes(after(store, (PATH, VERSION))) == []
    assert codes(after(store, (PATH, edited))) == [("number-changed", PATH)]


def test_a_version_may_be_described_and_deleted_but_not_revived(store: Store) -> None:
    after(store, (PATH, VERSION))
    assert codes(after(store, (PATH, VERSION + "description: x\n"))) == []
    assert codes(after(store, (PATH, VERSION.replace("READY", "DELETED")))) == []
    assert codes(after(store, (PATH, VERSION))) == [("number-changed", PATH)]


def test_formats_and_epochs_never_go_back(store: Store) -> None:
    assert codes(after(store, ("epoch.yaml", EPOCH))) == []
    lower = ("epoch.yaml", EPOCH.replace("epoch: 2", "epoch: 1"))
    assert codes(after(store, lower)) == [("epoch-lowered", "epoch.yaml")]
    with store.change("newer") as change:
        change.put(PATH, VERSION.replace("format: 1", "format: 9").encode())
    assert codes(after(store, (PATH, VERSION))) == [("format-lowered", PATH)]


def test_the_same_range_again_finds_the_same(store: Store, runs: list[str]) -> None:
    before = store.snapshot().commit
    assert codes(after(store, (f"{runs[0]}/metrics.csv", None)))
    published(store, a_run("0" * 16))
    again = check(store.snapshot(), since=before)
    assert codes(again) == [("seal-broken", f"{runs[0]}/metrics.csv")]
    assert codes(check(store.snapshot())) == []
