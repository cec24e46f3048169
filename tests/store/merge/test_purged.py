"""Purged runs in merges: who wins, row by row of the table, and what plain git makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.tree import walk
from mlgit.records import layout
from mlgit.records.run import RunStatus, dump_run, load_purged, load_run
from mlgit.store.merge.trees import merge_trees
from tests.store.merge import worlds
from tests.store.merge.worlds import Files, Step
from tests.support.repos import git, make_repo

ONE, OTHER = worlds.IDS
FOLDER = worlds.folder_of(ONE)
HERE, THERE = worlds.WRITERS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repo(tmp_path_factory.mktemp("purged") / "project")


@pytest.fixture(scope="module")
def objects(place: Path) -> Iterator[Objects]:
    made = Objects(place / ".git" / "objects")
    yield made
    made.close()


def stored(objects: Objects, files: Files) -> bytes:
    tree, new = apply_edits(objects, None, files)
    objects.write(new, durable=False)
    return tree


def merged(objects: Objects, base: Files | None, ours: Files, theirs: Files) -> Files:
    """The merge of two stores, which is the same whoever makes it."""
    start = None if base is None else stored(objects, base)
    sides = stored(objects, ours), stored(objects, theirs)
    results = []
    for one, two in (sides, sides[::-1]):
        found = merge_trees(objects, start, one, two)
        objects.write(found.objects, durable=False)
        results.append(found.tree)
    assert results[0] == results[1]
    return {path: objects.blob(entry.oid) for path, entry in walk(objects, results[0])}


def after(files: Files, writer: str, *steps: Step) -> Files:
    return worlds.played(files, list(steps), writer)


def tag(at: int) -> Step:
    return worlds.edit(ONE, at, lambda run, mark: run.with_tag("a", "b", mark))


def ended(at: int) -> Step:
    end = worlds.T0 + at
    return worlds.edit(ONE, at, lambda run, _: run._replace(status=RunStatus.FAILED, end=end))


BASE = after(worlds.BASE, HERE, worlds.publish(ONE))
PURGED = after(BASE, HERE, worlds.purge(ONE, 3))

#: What the other clone did -> whether the run lives after a purge at 3.
ROWS = {
    "slept": ([], False),
    "edited before": ([tag(2)], False),
    "edited after": ([tag(4)], True),
    "deleted after": ([worlds.delete(ONE, 4)], True),
    "ended before": ([ended(2)], False),
    "ended after": ([ended(5)], True),
    "logged before": ([worlds.go_on(ONE, 1, 0.5)], False),
    "logged after": ([worlds.go_on(ONE, 9, 0.5)], True),
    "added an artifact": ([worlds.add_artifact(ONE, "m.txt", b"1")], False),
    "purged too": ([worlds.purge(ONE, 4)], False),
    "purged, then brought back": ([worlds.purge(ONE, 1), worlds.restore(ONE, 4)], True),
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("common", [True, False])
def test_the_table_of_purges(objects: Objects, row: str, common: bool) -> None:
    steps, lives = ROWS[row]
    theirs = after(BASE, THERE, *steps)
    found = merged(objects, BASE if common else None, PURGED, theirs)
    inside = {path: data for path, data in found.items() if path.startswith(f"{FOLDER}/")}
    if lives:
        assert inside == {path: data for path, data in theirs.items() if path in inside}
        return
    stub = load_purged(inside.pop(f"{FOLDER}/run.yaml"))
    assert stub is not None
    assert (stub.at, stub.by) == (worlds.T0 + 3, HERE)
    assert set(inside.values()) == {b""}
    assert not any(layout.is_segment(path.rpartition("/")[2]) for path in inside)
    kept = {p for p in theirs if p.startswith(FOLDER) and "/metrics" not in p}
    assert kept <= found.keys()


def test_who_purged_first_counts(objects: Objects) -> None:
    earlier = after(BASE, THERE, worlds.purge(ONE, 1))
    found = merged(objects, BASE, PURGED, earlier)
    assert found[f"{FOLDER}/run.yaml"] == earlier[f"{FOLDER}/run.yaml"]


def test_a_run_brought_back_on_both_sides_is_one_run(objects: Objects) -> None:
    artifact = worlds.add_artifact(ONE, "m.txt", b"1")
    ours = after(PURGED, HERE, worlds.restore(ONE, 5), artifact)
    theirs = after(PURGED, THERE, worlds.restore(ONE, 6), worlds.add_artifact(ONE, "n.txt", b"2"))
    found = merged(objects, PURGED, ours, theirs)
    run = load_run(found[f"{FOLDER}/run.yaml"])
    assert (run.lifecycle, run.edits["lifecycle"].at) == ("active", worlds.T0 + 6)
    assert found[f"{FOLDER}/files/m.txt"], found[f"{FOLDER}/files/n.txt"]


# ---- plain git -----------------------------------------------------------------------------------


def twin(files: Files, folder: str) -> Files:
    """Another run whose files are those of this one, as after a second run of one program."""
    copy = worlds.folder_of(OTHER)
    same = {p.replace(folder, copy): d for p, d in files.items() if p.startswith(f"{folder}/")}
    record = load_run(same[f"{copy}/run.yaml"])._replace(id=OTHER)
    return {**files, **same, f"{copy}/run.yaml": dump_run(record)}


RICH = {
    **after(
        BASE,
        HERE,
        worlds.add_artifact(ONE, "m.txt", b"a line\n" * 20),
        worlds.use_dataset(ONE, "train"),
    ),
    f"{FOLDER}/environment.txt": b"numpy==2.0\n" * 5,
    ".gitattributes": layout.ATTRIBUTES_TEXT,
}


def changed(name: str, data: bytes) -> Step:
    def step(files: Files, _: str) -> Files:
        return {**files, f"{FOLDER}/{name}": data}

    return step


EDITS = {
    "an artifact was added": worlds.add_artifact(ONE, "n.txt", b"new"),
    "an artifact was logged again": changed("files/m.txt", b"a line\n" * 21),
    "a dataset was added": worlds.use_dataset(ONE, "test"),
    "a tag was set": tag(2),
    "it went on": worlds.go_on(ONE, 1, 0.5),
    "the packages changed": changed("environment.txt", b"numpy==2.0\n" * 6),
    "nothing": lambda files, _: files,
}


def committed(place: Path, objects: Objects, files: Files, *parents: str) -> str:
    tree = stored(objects, files).decode()
    argv = [word for parent in parents for word in ("-p", parent)]
    return git(place, "commit-tree", tree, "-m", "x", *argv, check=True).stdout.strip()


def plainly_merged(place: Path, objects: Objects, *sides: Files) -> dict[str, bytes] | None:
    """What `git merge` makes of base, ours and theirs; None for a conflict."""
    base = committed(place, objects, sides[0])
    ours, theirs = (committed(place, objects, side, base) for side in sides[1:])
    git(place, "checkout", "-q", "-f", ours, check=True)
    argv = ("-c", "merge.directoryRenames=true", "merge", "-q", "-m", "merge", theirs)
    if git(place, *argv).returncode:
        git(place, "merge", "--abort", check=True)
        return None
    tree = git(place, "rev-parse", "HEAD^{tree}", check=True).stdout.strip().encode()
    return {path: objects.blob(entry.oid) for path, entry in walk(objects, tree)}


@pytest.mark.parametrize("what", EDITS)
def test_plain_git_never_puts_an_edit_of_a_purged_run_elsewhere(
    place: Path, objects: Objects, what: str
) -> None:
    ours = after(twin(RICH, FOLDER), HERE, worlds.purge(ONE, 3))
    theirs = after(RICH, THERE, EDITS[what])
    for one, two in ((ours, theirs), (theirs, ours)):
        found = plainly_merged(place, objects, RICH, one, two)
        assert found is None or found == merged(objects, RICH, ours, theirs)
        assert (found is None) == (what != "nothing")


@pytest.mark.parametrize("what", ["an artifact was added", "a dataset was added"])
def test_plain_git_sees_what_is_added_to_a_purged_run_that_had_nothing_of_it(
    place: Path, objects: Objects, what: str
) -> None:
    poor = {**BASE, ".gitattributes": layout.ATTRIBUTES_TEXT}
    ours, theirs = after(poor, HERE, worlds.purge(ONE, 3)), after(poor, THERE, EDITS[what])
    assert plainly_merged(place, objects, poor, ours, theirs) is None


def test_git_would_put_it_elsewhere_if_the_files_went_away(place: Path, objects: Objects) -> None:
    both = twin(RICH, FOLDER)
    stub = after(both, HERE, worlds.purge(ONE, 3))
    ours = {path: data for path, data in stub.items() if data or FOLDER not in path}
    theirs = after(RICH, THERE, EDITS["the packages changed"])
    found = plainly_merged(place, objects, RICH, ours, theirs)
    assert found is not None
    moved = f"{worlds.folder_of(OTHER)}/environment.txt"
    assert found[moved] != both[moved], "the reason for keeping emptied files is gone"
