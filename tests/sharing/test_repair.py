"""Merges that people and forges make with git alone: the next pull makes good what they lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from mlgit.records import text
from mlgit.records.artifact import load_manifest
from mlgit.records.run import RunStatus, dump_run, load_run
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.repair import repair_history
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.merge.foreign import foreign_merges, needed_repair
from mlgit.store.snapshot import Snapshot
from mlgit.store.store import Store
from tests.sharing.test_sync import record, tree
from tests.store.merge import worlds
from tests.support.repos import git

Clone = Callable[[str], Store]
RUN = worlds.folder_of(worlds.IDS[0])
RECORD = f"{RUN}/run.yaml"
PAST = [
    worlds.publish(worlds.IDS[0]),
    worlds.add_artifact(worlds.IDS[0], "m.txt", b"1"),
    worlds.register("a1", 1),
]


class Team(NamedTuple):
    """A remote, two clones that are to pull, and the work tree of who merges by hand."""

    remote: Path
    one: Store
    other: Store
    hand: Path


@pytest.fixture
def team(clone: Clone, remote: Path, tmp_path: Path) -> Team:
    one = clone("one")
    played(one, worlds.BASE, PAST)
    sync(one, transport_of(one))
    other = clone("other")
    record(other)  # so that there is a local branch
    hand = tmp_path / "hand"
    git(tmp_path, "clone", "-q", "-b", "mlgit", str(remote), str(hand), check=True)
    return Team(remote, one, other, hand)


def played(store: Store, files: worlds.Files, steps: list[worlds.Step]) -> None:
    after = worlds.played(files, steps, "aaaaaaaaaa")
    with store.change("test: some steps") as change:
        for path, data in after.items():
            if files.get(path) != data or path not in ("mlgit.yaml",):
                change.put(path, data)


def files_of(snapshot: Snapshot) -> dict[str, bytes]:
    return {
        change.path: snapshot.blob(change.new.oid)
        for change in snapshot.changes_since(None)
        if change.new
    }


def branches(team: Team, ours: list[worlds.Step], theirs: list[worlds.Step]) -> None:
    """Two branches in the work tree, on each the steps of one writer."""
    start = {
        path: (team.hand / path).read_bytes()
        for path in git(team.hand, "ls-files").stdout.splitlines()
    }
    for name, steps, writer in (("ours", ours, 0), ("theirs", theirs, 1)):
        git(team.hand, "switch", "-q", "-c", name, "origin/mlgit", check=True)
        write(team.hand, start, worlds.played(start, steps, worlds.WRITERS[writer]))
        git(team.hand, "commit", "-q", "-m", f"{name}: steps", check=True)
    git(team.hand, "switch", "-q", "ours", check=True)


def write(place: Path, before: worlds.Files, after: worlds.Files) -> None:
    for path in before.keys() - after.keys():
        (place / path).unlink()
    for path, data in after.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    git(place, "add", "-A", check=True)


def merge(team: Team, *options: str) -> int:
    return git(team.hand, "merge", "-q", "--no-edit", *options, "theirs").returncode


def conclude(team: Team, files: Mapping[str, bytes | None]) -> None:
    """What a person commits as the outcome of the merge, and pushes."""
    for path, data in files.items():
        if data is None:
            (team.hand / path).unlink()
        else:
            (team.hand / path).parent.mkdir(parents=True, exist_ok=True)
            (team.hand / path).write_bytes(data)
    git(team.hand, "add", "-A", check=True)
    git(team.hand, "commit", "-q", "--no-edit", "-m", "Merge branch theirs", check=True)
    git(team.hand, "push", "-q", "origin", "HEAD:mlgit", check=True)


def pulled(team: Team) -> Snapshot:
    """The store after a pull, the same in both clones, and whole."""
    for store in (team.one, team.other):
        pull(store, transport_of(store))
    sync(team.one, transport_of(team.one))
    sync(team.other, transport_of(team.other))
    sync(team.one, transport_of(team.one))
    assert tree(team.one) == tree(team.other)
    snapshot = team.one.snapshot()
    assert needed_repair(snapshot.objects, snapshot.commit).paths == {}
    return snapshot


def text_of(team: Team, path: str) -> bytes:
    return (team.hand / path).read_bytes()


def tagged(key: str) -> worlds.Step:
    return worlds.edit(worlds.IDS[0], 2, lambda run, mark: run.with_tag(key, "x", mark))


def test_git_stops_where_both_changed_a_record_and_writes_no_markers(team: Team) -> None:
    branches(team, [tagged("a")], [tagged("b")])
    before = text_of(team, RECORD)
    assert merge(team) == 1
    assert git(team.hand, "diff", "--name-only", "--diff-filter=U").stdout.split() == [RECORD]
    assert text_of(team, RECORD) == before


def test_points_and_artifacts_of_the_side_not_taken_come_back(team: Team) -> None:
    run_id = worlds.IDS[0]
    theirs = [worlds.go_on(run_id, 1, 0.9), worlds.add_artifact(run_id, "n.txt", b"22")]
    branches(team, [worlds.go_on(run_id, 1, 0.1)], theirs)
    assert merge(team, "-s", "ours") == 0
    git(team.hand, "push", "-q", "origin", "HEAD:mlgit", check=True)
    snapshot = pulled(team)
    assert len(snapshot.points(RUN)) == 4
    assert snapshot.run(RUN).metrics["loss"].points == 4
    assert [one.path for one in snapshot.manifest(RUN)] == ["m.txt", "n.txt"]
    assert snapshot.read(f"{RUN}/files/n.txt") == b"22"


def test_a_run_and_an_experiment_that_were_left_out_come_back(team: Team) -> None:
    branches(team, [tagged("a")], [worlds.publish(worlds.IDS[1])])
    assert merge(team, "--no-commit", "--no-ff") == 0
    gone = f"{worlds.folder_of(worlds.IDS[1])}/"
    paths = git(team.hand, "ls-files", gone).stdout.split()
    conclude(team, dict.fromkeys([*paths, worlds.EXPERIMENT]))
    snapshot = pulled(team)
    assert snapshot.run(gone.rstrip("/")).id == worlds.IDS[1]
    assert "x" in snapshot.run(RUN).tags.values()
    assert [one.name for one in snapshot.experiments()[0] if one.folder == "churn"] == ["churn"]


def test_a_record_with_conflict_markers_is_merged_anew(team: Team) -> None:
    branches(team, [tagged("a"), worlds.limit(1)], [tagged("b"), worlds.limit(2)])
    assert merge(team) == 1
    marked = b"<<<<<<< HEAD\n%b=======\n%b>>>>>>> theirs\n"
    names = (RECORD, "mlgit.yaml")
    sides = [
        [git(team.hand, "show", f"{side}:{name}").stdout.encode() for side in ("ours", "theirs")]
        for name in names
    ]
    conclude(team, {name: marked % tuple(pair) for name, pair in zip(names, sides, strict=True)})
    snapshot = pulled(team)
    assert set(snapshot.run(RUN).tags) == {"a", "b"}
    assert b"sides:" in (snapshot.read("mlgit.yaml") or b"")


def test_what_a_person_decided_stays(team: Team) -> None:
    branches(team, [tagged("a"), worlds.limit(1)], [tagged("b"), worlds.limit(2)])
    assert merge(team) == 1
    run = load_run(text_of(team, RECORD))
    mixed = dump_run(run._replace(status=RunStatus.FAILED, note="by hand"))
    decided = text.dump({"format": 1, "limits": {"patch": 7}})
    conclude(team, {RECORD: mixed, "mlgit.yaml": decided})
    snapshot = pulled(team)
    assert snapshot.read(RECORD) == mixed
    assert snapshot.read("mlgit.yaml") == decided
    assert b"repair: " not in git(team.hand, "log", "origin/mlgit").stdout.encode()


def test_a_version_whose_number_was_taken_gets_the_next_one(team: Team) -> None:
    branches(
        team,
        [worlds.register("b3c94f0e6d2a1875", 1)],
        [worlds.register("c1", 2), worlds.promote(3)],
    )
    assert merge(team) == 1
    conclude(team, {})
    snapshot = pulled(team)
    model = worlds.MODEL
    docs = {n: text.load(snapshot.read(f"{model}/versions/{n}.yaml") or b"") for n in (1, 2, 3)}
    assert [docs[n]["uid"] for n in docs] == ["a1", "b3c94f0e6d2a1875", "c1"]
    assert docs[3]["renumbered_from"] == 2
    alias = text.load(snapshot.read(f"{model}/aliases/production.yaml") or b"")
    assert (alias["version"], alias["uid"]) == (3, "c1")


def test_what_came_to_a_purged_run_goes(team: Team) -> None:
    branches(team, [worlds.purge(worlds.IDS[0], 9)], [worlds.go_on(worlds.IDS[0], 1, 0.9)])
    assert merge(team) == 1
    conclude(team, {RECORD: git(team.hand, "show", f"ours:{RECORD}").stdout.encode()})
    snapshot = pulled(team)
    assert not [name for name in snapshot.names(RUN) if name.startswith("metrics")]


def test_two_clones_that_repair_apart_make_the_same_commit(team: Team) -> None:
    played(team.other, {}, [])
    branches(team, [worlds.go_on(worlds.IDS[0], 1, 0.1)], [worlds.go_on(worlds.IDS[0], 1, 0.9)])
    assert merge(team, "-s", "ours") == 0
    git(team.hand, "push", "-q", "origin", "HEAD:mlgit", check=True)
    pull(team.one, transport_of(team.one))
    first = team.one.branch.tip()
    pull(team.one, transport_of(team.one))
    assert team.one.branch.tip() == first
    with Store.open(team.hand) as store:
        merged = store.branch.repository.refs.read("refs/heads/ours")
        assert merged
        assert len(foreign_merges(store.repository.objects, merged)) == 1
    pull(team.other, transport_of(team.other))
    assert first in [
        line.encode()
        for line in git(team.other.repository.git_dir, "rev-list", "mlgit").stdout.split()
    ]


def test_a_merge_by_hand_in_this_clone_is_repaired_by_its_own_pull(team: Team) -> None:
    branches(team, [worlds.go_on(worlds.IDS[0], 1, 0.1)], [worlds.go_on(worlds.IDS[0], 1, 0.9)])
    assert merge(team, "-s", "ours") == 0
    git(team.hand, "switch", "-q", "-C", "mlgit", "ours", check=True)
    git(team.hand, "switch", "-q", "--detach", check=True)
    with Store.open(team.hand) as store:
        found = [pull(store, transport_of(store)) for _ in range(2)]
        assert [each is not None and each.mended for each in found] == [True, False]
        assert len(store.snapshot().points(RUN)) == 4


def test_what_was_pushed_without_us_can_be_repaired_here(team: Team) -> None:
    branches(team, [worlds.go_on(worlds.IDS[0], 1, 0.1)], [worlds.go_on(worlds.IDS[0], 1, 0.9)])
    assert merge(team, "-s", "ours") == 0
    git(team.hand, "push", "-q", "origin", "HEAD:mlgit", check=True)
    with Store.open(team.hand) as store:
        git(team.hand, "update-ref", "refs/heads/mlgit", "origin/mlgit", check=True)
        git(team.hand, "switch", "-q", "--detach", check=True)
        assert "merge-lost" in {one.code for one in check(store.snapshot(), deep=True)}
        assert repair_history(store)
        assert len(store.snapshot().points(RUN)) == 4
        assert "merge-lost" not in {one.code for one in check(store.snapshot(), deep=True)}
        assert not repair_history(store)


def test_our_own_merges_are_never_looked_at(team: Team) -> None:
    record(team.one)
    sync(team.one, transport_of(team.one))
    sync(team.other, transport_of(team.other))
    snapshot = team.other.snapshot()
    assert len(snapshot.objects.commit(snapshot.commit).parents) == 2
    assert foreign_merges(snapshot.objects, snapshot.commit) == []
    assert load_manifest(snapshot.read(f"{RUN}/artifacts.yaml") or b"")
