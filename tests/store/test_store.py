"""Edit blocks, settings and formats of a store on a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import (
    Damaged,
    Unsupported,
)
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.store.change import Change
from mlgit.store.store import Store
from tests.store.records import a_run, published
from tests.support.repos import git, make_repo


def test_an_edit_block_commits_once_with_all_its_edits(repo: Path, store: Store) -> None:
    folder = published(store)
    with store.change("note: two files", {"Mlgit-Run": a_run().id}) as change:
        assert change.snapshot.run(folder) == a_run()
        change.put("README.md", b"# Runs\n")
        change.put("README.md", b"# All runs\n")
        change.remove(f"{folder}/metrics.csv")
    assert change.commit == store.snapshot().commit
    assert store.snapshot().read("README.md") == b"# All runs\n"
    assert store.snapshot().points(folder) == []
    assert git(repo, "log", "-1", "--format=%s", "mlgit").stdout == "note: two files\n"


def test_an_edit_block_without_changes_commits_nothing(store: Store) -> None:
    before = store.snapshot().commit
    with store.change("nothing") as change:
        pass
    assert change.commit is None
    with store.change("the same") as change:
        change.put("mlgit.yaml", change.snapshot.read("mlgit.yaml") or b"")
    assert change.commit is None
    assert store.snapshot().commit == before
    folder = published(store)
    before = store.snapshot().commit
    store.edit_run(folder, lambda run: run, "nothing")
    assert store.snapshot().commit == before


def test_an_error_in_an_edit_block_writes_nothing(store: Store) -> None:
    before = store.snapshot().commit

    def edit(change: Change) -> None:
        change.put("README.md", b"x")
        raise KeyError

    with pytest.raises(KeyError):
        store.apply(edit, "never")
    assert store.snapshot().commit == before
    published(store)


def test_an_edit_of_a_run_is_made_again_when_a_race_was_lost(repo: Path, store: Store) -> None:
    """A foreign program moves the branch between our reading and our commit."""
    folder = published(store)
    aside = make_repo(repo.parent / "aside")
    git(aside, "fetch", "-q", str(repo), "mlgit:mlgit", check=True)
    other = Store.open(aside)
    other.edit_run(folder, lambda run: run.with_tag("theirs", "1"), "tag: theirs")
    seen = []

    def edit(run: object) -> object:
        seen.append(run)
        if len(seen) == 1:
            git(repo, "fetch", "-q", "--no-write-fetch-head", str(aside), "mlgit:mlgit", check=True)
        return run.with_tag("ours", "1")  # type: ignore[attr-defined]

    store.edit_run(folder, edit, "tag: ours")  # type: ignore[arg-type]
    assert store.snapshot().run(folder).tags == {"theirs": "1", "ours": "1"}
    assert len(seen) == 2


def test_apply_gives_back_what_the_edit_returns(store: Store) -> None:
    def edit(change: Change) -> str:
        change.put("README.md", b"x")
        return "done"

    assert store.apply(edit, "readme") == "done"


def test_a_store_of_a_newer_format_is_read_but_not_written(store: Store) -> None:
    folder = published(store)
    with store.change("settings: newer") as change:
        change.put("mlgit.yaml", b"format: 2\nshiny: true\n")
    assert store.snapshot().run(folder) == a_run()
    assert store.settings.format == 2
    with pytest.raises(Unsupported, match="format 2") as caught:
        published(store, a_run("9f3c000000000002"))
    assert "pip install" in caught.value.hint
    with pytest.raises(Unsupported), store.change("x") as change:
        change.put("README.md", b"x")


def test_settings_that_cannot_be_read_stop_writing_and_not_reading(store: Store) -> None:
    """They may forbid what a run would record."""
    folder = published(store)
    with store.change("settings: broken") as change:
        change.put("mlgit.yaml", b"capture: [\n")
    assert store.snapshot().run(folder) == a_run()
    with pytest.raises(Damaged, match=r"mlgit\.yaml"):
        published(store, a_run("9f3c000000000002"))


def test_settings_follow_the_branch(store: Store) -> None:
    assert store.settings == Settings()
    with store.change("settings: limits") as change:
        change.put("mlgit.yaml", dump_settings(Settings(limits=Limits(patch=5))))
    assert store.settings.limits.patch == 5
