"""Real pushes to a guarded server: what lands, and every refusal with its reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.cli.harness import done
from tests.store import plant
from tests.support.judging import attack, clone, make_server, place, push, record, refused, tip
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


def test_runs_and_other_branches_land(ann: Store, hub: Path, tmp_path: Path) -> None:
    record(ann)
    git(place(ann), "push", "-q", "origin", "main:feature", check=True)
    assert push(ann).code == 0
    bea = clone(str(hub), tmp_path / "bea")
    record(bea)
    assert push(bea).code == 0
    assert push(ann, ":feature").code == 0


def test_a_branch_only_grows(ann: Store, hub: Path) -> None:
    record(ann)
    assert push(ann).code == 0
    assert "would be deleted" in push(ann, ":mlgit").said
    git(place(ann), "branch", "-f", "mlgit", "mlgit~1", check=True)
    refused(ann, hub, "take commits away", "hint: mlgit sync")


def test_another_history_and_another_spelling(ann: Store, hub: Path) -> None:
    path = place(ann)
    root = git(path, "commit-tree", "mlgit^{tree}", "-m", "other").stdout.strip()
    joined = git(path, "commit-tree", "mlgit^{tree}", "-p", "mlgit", "-p", root, "-m", "x")
    git(path, "branch", "-f", "mlgit", joined.stdout.strip(), check=True)
    refused(ann, hub, "another history")
    assert "upper and lower case" in push(ann, "main:MLGIT").said
    assert "upper and lower case" in push(ann, "main:mlgit-Registry").said


def _folder(tree: plant.Planted) -> plant.Planted:
    runs = tree[b"runs"][b"churn"]
    day = next(value for value in runs.values() if isinstance(value, dict))
    shard = next(iter(day.values()))
    found: plant.Planted = next(iter(shard.values()))
    return found


def _edit(name: bytes, old: bytes, new: bytes) -> Callable[[Path, plant.Planted], None]:
    def change(path: Path, tree: plant.Planted) -> None:
        folder = _folder(tree)
        content = plant.content_of(path, folder[name][1])
        assert old in content
        folder[name] = content.replace(old, new)

    return change


def _without(name: bytes) -> Callable[[Path, plant.Planted], None]:
    def change(_: Path, tree: plant.Planted) -> None:
        del _folder(tree)[name]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_edit(b"metrics.csv", b"0.9", b"0.99"), "is sealed, and was changed"),
        (_without(b"metrics.csv"), "is sealed, and was removed"),
        (_edit(b"run.yaml", b"lr: 0.1", b"lr: 0.2"), "never changes once recorded"),
        (_edit(b"run.yaml", b"last: 0.9", b"last: 0.99"), "metrics.acc: does not"),
        (_without(b"run.yaml"), "was removed"),
        (_edit(b"run.yaml", b"status: FINISHED", b"status: BEST"), "status"),
        (_edit(b"run.yaml", b"status:", b"? [}"), "run.yaml"),
    ],
    ids=["points", "no points", "params", "summary", "no run", "status", "no yaml"],
)
def test_a_sealed_run_is_never_edited(
    ann: Store, hub: Path, change: Callable[[Path, plant.Planted], None], reason: str
) -> None:
    attack(ann, change)
    refused(ann, hub, reason)


def test_what_was_undone_in_a_later_commit_has_no_effect_and_lands(ann: Store) -> None:
    before = plant.contents(place(ann))
    attack(ann, _edit(b"run.yaml", b"lr: 0.1", b"lr: 0.2"))
    plant.commit(place(ann), plant.tree(place(ann), before))
    assert push(ann).code == 0


def test_artifacts_of_an_ended_run_stay(ann: Store, hub: Path) -> None:
    (place(ann) / "model.txt").write_text("weights")
    made = done("-C", str(place(ann)), "log-run", "--name", "x", "-a", "model.txt")
    [folder] = ann.snapshot().find_run(made.strip())
    assert push(ann).code == 0

    def swap(path: Path, tree: plant.Planted) -> None:
        at = plant.folder(tree, folder)
        plain = plant.content_of(path, at[b"artifacts.yaml"][1])
        at[b"artifacts.yaml"] = plain.replace(b"model.txt", b"other.txt")

    attack(ann, swap)
    refused(ann, hub, "is sealed, and has lost or changed 'model.txt'")


def test_a_server_that_lost_mlgit_refuses_only_what_is_ours(ann: Store, hub: Path) -> None:
    git(hub, "config", "mlgit.python", str(hub / "gone"), check=True)
    record(ann)
    refused(ann, hub, "has lost mlgit", "mlgit server install-hooks")
    assert push(ann, "main:feature").code == 0


def test_whoever_pushes_cannot_name_another_branch_or_repository(
    ann: Store, tmp_path: Path
) -> None:
    attack(ann, _edit(b"metrics.csv", b"0.9", b"0.99"))
    for env in ({"MLGIT_BRANCH": "other"}, {"MLGIT_REPO": str(tmp_path)}, {"PYTHONPATH": "/x"}):
        answer = push(ann, **env)
        assert answer.code == 1
        assert "is sealed" in answer.said


def test_update_alone_judges_too(ann: Store, hub: Path) -> None:
    (hub / "hooks/pre-receive").unlink()
    attack(ann, _edit(b"metrics.csv", b"0.9", b"0.99"))
    git(place(ann), "branch", "other", "main", check=True)
    answer = push(ann, "mlgit", "other")
    assert answer.code == 1
    assert "is sealed" in answer.said
    assert tip(hub, "other")


def test_a_new_epoch_needs_the_servers_leave(ann: Store, hub: Path) -> None:
    from mlgit.sharing.forget import Wanted, forget

    secret = record(ann, token="hunter2")
    assert push(ann).code == 0
    forget(ann, Wanted(folders=(secret,), params=("token",), reason="a secret"))
    refused(ann, hub, "take commits away", "mlgit.allowForget")
    git(hub, "config", "mlgit.allowForget", "true", check=True)
    answer = push(ann, "+mlgit")
    assert answer.code == 0, answer.said
    record(ann)
    git(place(ann), "branch", "-f", "mlgit", "mlgit~1", check=True)
    assert push(ann, "+mlgit").code == 0  # nothing new
    before = plant.contents(place(ann))
    oid = git(place(ann), "commit-tree", plant.tree(place(ann), before), "-m", "x").stdout.strip()
    git(place(ann), "branch", "-f", "mlgit", oid, check=True)
    refused(ann, hub, "take commits away")


def test_what_people_do_to_runs_lands(ann: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlgit as api

    monkeypatch.chdir(place(ann))
    Path("model.txt").write_text("weights")
    for name in ("one", "two"):
        done("log-run", "--name", name, "-m", "acc=0.5", "-a", "model.txt")
    assert push(ann).code == 0
    for command in (
        ("tag", "one", "team=blue"),
        ("note", "one", "-m", "better"),
        ("mv", "one", "churn"),
        ("rm", "two"),
        ("restore", "two"),
        ("rm", "two"),
        ("purge", "two", "--yes"),
    ):
        done(*command)
        answer = push(ann)
        assert answer.code == 0, (command, answer.said)
    with api.start_run() as run:
        api.log_metric("acc", 0.1, step=1)
    assert push(ann).code == 0
    with api.start_run(run_id=run.info.run_id):
        api.log_metric("acc", 0.2, step=2)
        api.log_text("more", "more.txt")
    answer = push(ann)
    assert answer.code == 0, answer.said
