"""A generated store is a real one: what is measured on it is what a user would see."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.records import layout
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.bench import generate
from tests.support.repos import git


@pytest.mark.parametrize("per_commit", [1, 25])
def test_a_generated_store_is_sound_and_complete(tmp_path: Path, per_commit: int) -> None:
    path = generate.store(60, tmp_path, per_commit=per_commit)
    assert git(path, "fsck", "--full", "--strict").stdout == ""
    commits = git(path, "rev-list", "--count", "mlgit", check=True).stdout
    assert int(commits) == 1 + -(-60 // per_commit)
    with Store.open(path) as store:
        snapshot = store.snapshot()
        assert list(check(snapshot, deep=True)) == []
        folders = sorted(snapshot.run_folders())
        assert folders == sorted(made.folder for made in generate.made_runs(60))
        assert len(snapshot.run(folders[0]).metrics) == len(generate.METRICS)
        assert len(snapshot.points(folders[0])) == len(generate.METRICS) * generate.STEPS


def test_every_commit_of_a_generated_store_adds_its_run_alone(tmp_path: Path) -> None:
    path = generate.store(20, tmp_path)
    for number, made in enumerate(reversed(list(generate.made_runs(20)))):
        here, before = f"mlgit~{number}", f"mlgit~{number + 1}"
        if number < 19:  # the first brings the settings too
            changed = git(path, "diff", "--name-only", before, here, check=True).stdout.split()
            assert changed == [f"{made.folder}/{name}" for name in sorted(made.files)]
        assert layout.RUN in made.files


def test_a_copy_shares_packs_and_leaves_the_original_alone(tmp_path: Path) -> None:
    made = generate.store(10, tmp_path)
    before = git(made, "rev-parse", "mlgit").stdout
    copy = generate.clone_of(made, tmp_path / "copy")
    with Store.open(copy) as store, store.change("a change") as change:
        change.put("notes.txt", b"only in the copy\n")
    assert git(made, "rev-parse", "mlgit").stdout == before
    assert git(copy, "rev-parse", "mlgit~1").stdout == before
