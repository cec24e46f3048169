"""What a newer epoch forgot, in the records of an older one: as the newer has it, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.overlay import Overlay
from mlgit.git.tree import walk
from mlgit.records.artifact import ArtifactEntry, dump_manifest, load_manifest
from mlgit.records.epoch import Epoch, dump_epoch, load_epoch, named, parts_of
from mlgit.records.fields import Edit
from mlgit.records.run import dump_run, load_run
from mlgit.store.merge.forgotten import as_forgotten
from tests.store.merge.worlds import BASE, IDS, T0, folder_of, publish

RUN = folder_of(IDS[0])
OTHER = folder_of(IDS[1])
DIGESTS = ("1" * 64, "2" * 64)


def world(**changes: bytes | None) -> dict[str, bytes]:
    """Two runs, the first with changed files, given by name with `_` for the dot."""
    files = dict(publish(IDS[1])(publish(IDS[0])(BASE, ""), ""))
    for name, data in changes.items():
        path = f"{RUN}/{name.replace('_', '.')}"
        files.pop(path, None)
        files.update({path: data} if data is not None else {})
    return files


def tagged(**tags: str) -> bytes:
    run = load_run(world()[f"{RUN}/run.yaml"])
    for key, value in tags.items():
        run = run.with_tag(key, value, Edit(T0 + 1, "c7d41e9a02"))
    return dump_run(run)


def after(
    tmp_path: Path, older: Mapping[str, bytes], newer: Mapping[str, bytes], *forgotten: str
) -> dict[str, bytes]:
    """The files of `older` without what is forgotten."""
    objects = Overlay(Objects(tmp_path))
    trees = []
    for files in (older, newer):
        tree, made = apply_edits(objects, None, files)
        objects.add_all(made)
        trees.append(tree)
    found = as_forgotten(objects, trees[0], trees[1], frozenset(forgotten))
    return {path: objects.blob(entry.oid) for path, entry in walk(objects, found)}


def test_a_field_goes_with_its_mark_and_the_others_stay(tmp_path: Path) -> None:
    older = world(run_yaml=tagged(key="secret", team="blue"))
    found = after(tmp_path, older, world(), f"{RUN}/run.yaml: tags.key")
    run = load_run(found[f"{RUN}/run.yaml"])
    assert (run.tags, list(run.edits)) == ({"team": "blue"}, ["tags.team"])


def test_a_field_that_the_newer_side_has_is_as_it_has_it(tmp_path: Path) -> None:
    older, newer = world(run_yaml=tagged(key="secret")), world(run_yaml=tagged(key="[forgotten]"))
    found = after(tmp_path, older, newer, f"{RUN}/run.yaml: tags.key")
    assert found == newer


def test_an_artifact_goes_with_its_bytes_in_git(tmp_path: Path) -> None:
    entries = [
        ArtifactEntry(path, 1, digest, f"files/{path}")
        for path, digest in zip(("a.txt", "b.txt"), DIGESTS, strict=True)
    ]
    older = {
        **world(artifacts_yaml=dump_manifest(entries)),
        f"{RUN}/files/a.txt": b"a",
        f"{RUN}/files/b.txt": b"b",
    }
    newer = world(artifacts_yaml=dump_manifest([]))
    found = after(tmp_path, older, newer, f"{RUN}/artifacts.yaml: a.txt")
    assert [one.path for one in load_manifest(found[f"{RUN}/artifacts.yaml"])] == ["b.txt"]
    assert f"{RUN}/files/a.txt" not in found
    assert found[f"{RUN}/files/b.txt"] == b"b"


def test_a_record_that_cannot_be_read_is_taken_as_a_whole(tmp_path: Path) -> None:
    older = world(run_yaml=b"{secret")
    assert after(tmp_path, older, world(), f"{RUN}/run.yaml: params.lr") == world()


@pytest.mark.parametrize("listed", ["runs", "runs/churn", "", "../x", "mlgit.yaml/x", ": x", "a: "])
def test_a_list_of_a_stranger_takes_no_folder_but_a_runs(tmp_path: Path, listed: str) -> None:
    newer = {path: data for path, data in world().items() if not path.startswith(RUN)}
    assert after(tmp_path, world(), newer, listed) == world()
    assert after(tmp_path, world(), newer, RUN) == newer


@given(
    st.tuples(
        st.integers(2, 10**6),
        st.integers(0, 10**12),
        st.sampled_from(("c7d41e9a02", "x")),
        st.text(max_size=20).filter(lambda words: words.isprintable()),
        st.frozensets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=4),
        st.frozensets(st.sampled_from(("1" * 40, "a" * 40))),
    ).map(lambda values: Epoch(*values))
)
def test_what_an_epoch_says_is_read_as_it_was_written(epoch: Epoch) -> None:
    assert load_epoch(dump_epoch(epoch)) == epoch


def test_parts_are_listed_by_path_and_the_whole_counts_more() -> None:
    listed = frozenset({named(RUN, "params.a"), named(RUN, "params.b: c"), named(OTHER)})
    assert parts_of(listed) == {RUN: {"params.a", "params.b: c"}, OTHER: set()}
    assert parts_of(listed | {RUN}) == {RUN: set(), OTHER: set()}
