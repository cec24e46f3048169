"""Laws of the merge: no side is special, twice is once, nothing that one side has is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.oid import Oid
from mlgit.git.tree import walk
from mlgit.records import layout, text
from mlgit.records.artifact import load_manifest
from mlgit.records.run import load_purged, load_run
from mlgit.store.merge.trees import merge_trees
from tests.store.merge import worlds
from tests.store.merge.worlds import Files, Step
from tests.support.repos import make_repo


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    made = Objects(make_repo(tmp_path_factory.mktemp("merge") / "project") / ".git" / "objects")
    yield made
    made.close()


def stored(objects: Objects, files: Files) -> Oid:
    tree, new = apply_edits(objects, None, files)
    objects.write(new, durable=False)
    return tree


def merged(
    objects: Objects, base: Oid | None, ours: Oid, theirs: Oid, *, landed: bool = False
) -> Oid:
    found = merge_trees(objects, base, ours, theirs, landed=theirs if landed else None)
    objects.write(found.objects, durable=False)
    return found.tree


def files_of(objects: Objects, tree: Oid) -> dict[str, bytes]:
    return {path: objects.blob(entry.oid) for path, entry in walk(objects, tree)}


three = st.tuples(worlds.histories, worlds.histories, worlds.histories)
Three = tuple[list[Step], list[Step], list[Step]]


def sides(objects: Objects, three: Three) -> tuple[Oid, Oid, Oid]:
    past, here, there = three
    base = worlds.played(worlds.BASE, past, "aaaaaaaaaa")
    ours = worlds.played(base, here, worlds.WRITERS[0])
    theirs = worlds.played(base, there, worlds.WRITERS[1])
    one, two, three_ = (stored(objects, files) for files in (base, ours, theirs))
    return one, two, three_


@given(three)
@settings(deadline=None)
def test_both_sides_come_to_the_same_tree(objects: Objects, three: Three) -> None:
    base, ours, theirs = sides(objects, three)
    assert merged(objects, base, ours, theirs) == merged(objects, base, theirs, ours)


@given(three)
@example(([], [worlds.register("b3c94f0e6d2a1875", 1)], [worlds.register("a2", 1)]))
@example(([], [worlds.register("b3c94f0e6d2a1875", 1)], [worlds.register("c1", 1)]))
@settings(deadline=None)
def test_merging_again_changes_nothing(objects: Objects, three: Three) -> None:
    base, ours, theirs = sides(objects, three)
    once = merged(objects, base, ours, theirs)
    assert merged(objects, base, ours, ours) == ours
    assert merged(objects, base, ours, base) == ours
    assert merged(objects, ours, once, ours) == once
    assert merged(objects, theirs, theirs, once) == once
    assert merged(objects, base, once, once) == once


@given(three)
@settings(deadline=None)
def test_stores_without_a_common_past_merge_too(objects: Objects, three: Three) -> None:
    _, ours, theirs = sides(objects, three)
    assert merged(objects, None, ours, theirs) == merged(objects, None, theirs, ours)


@given(three, st.booleans())
@settings(deadline=None)
def test_nothing_is_lost(objects: Objects, three: Three, landed: bool) -> None:
    base, ours, theirs = sides(objects, three)
    after = files_of(objects, merged(objects, base, ours, theirs, landed=landed))
    for run_id in worlds.IDS:
        folder = worlds.folder_of(run_id)
        if load_purged(after.get(f"{folder}/run.yaml", b"id: x\n")) is not None:
            continue
        for side in (files_of(objects, ours), files_of(objects, theirs)):
            require_kept(side, after, folder)


def require_kept(side: Files, after: Files, folder: str) -> None:
    if f"{folder}/run.yaml" not in side or load_purged(side[f"{folder}/run.yaml"]) is not None:
        return
    run, known = load_run(after[f"{folder}/run.yaml"]), load_run(side[f"{folder}/run.yaml"])
    assert run.params.keys() >= known.params.keys()
    assert set(worlds.points_of(side, folder)) <= set(worlds.points_of(after, folder))
    manifest = f"{folder}/{layout.ARTIFACTS}"
    held = {
        (entry.path, entry.sha256) for entry in load_manifest(after.get(manifest, b"format: 1\n"))
    }
    for entry in load_manifest(side.get(manifest, b"format: 1\n")):
        assert (entry.path, entry.sha256) in held
    for entry in load_manifest(after.get(manifest, b"format: 1\n")):
        assert len(after[f"{folder}/{entry.inline}"]) == entry.size


@given(three, st.booleans())
@settings(deadline=None)
def test_every_version_stays_and_no_number_has_two(
    objects: Objects, three: Three, landed: bool
) -> None:
    base, ours, theirs = sides(objects, three)
    before, here, there = (versions(files_of(objects, tree)) for tree in (base, ours, theirs))
    after = versions(files_of(objects, merged(objects, base, ours, theirs, landed=landed)))
    assert set(after.values()) == set(here.values()) | set(there.values())
    assert {number: after[number] for number in before} == before
    if landed:
        assert {number: after[number] for number in there} == there


def versions(files: Files) -> dict[str, str]:
    folder = f"{worlds.MODEL}/versions/"
    return {
        path.removeprefix(folder): str(text.load(data)["uid"])
        for path, data in files.items()
        if path.startswith(folder)
    }


def test_a_list_that_grew_too_long_on_two_sides_is_left_to_people_and_ends_no_merge(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = worlds.IDS[0]
    files = worlds.played(worlds.BASE, [worlds.publish(run)], "aaaaaaaaaa")
    lists = [worlds.add_artifact(run, f"{name}/{'x' * 200}", b"x") for name in ("one", "two")]
    sides = [stored(objects, worlds.played(files, [step], "aaaaaaaaaa")) for step in lists]
    monkeypatch.setattr(text, "MAX_BYTES", 500)
    found = merge_trees(objects, stored(objects, files), sides[0], sides[1])
    assert found.open == [f"{worlds.folder_of(run)}/{layout.RUN}"]
