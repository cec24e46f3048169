"""The folders beside the branch and the id of the clone."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from mlgit.errors import (
    StorageFailed,
)
from mlgit.store.store import Store
from tests.store.records import a_publication, a_run, published


def test_the_folders_beside_the_branch_are_private_and_lie_in_mlgit(
    repo: Path, store: Store
) -> None:
    assert store.state == repo / ".git" / "mlgit"
    assert (store.data, store.cache) == (store.state / "data", store.state / "cache")
    for folder in (store.state, store.data, store.cache):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("planted", ["", "data", "cache"])
def test_a_folder_that_is_a_link_is_refused_and_not_entered(
    repo: Path, store: Store, tmp_path: Path, planted: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    path = store.state / planted
    subprocess.run(["rm", "-r", path], check=True)
    path.symlink_to(outside, target_is_directory=True)
    with pytest.raises(StorageFailed):
        Store.open(repo).publish(a_publication())
    assert list(outside.iterdir()) == []
    path.unlink()


def test_reading_needs_no_writable_folder(repo: Path, store: Store) -> None:
    folder = published(store)
    subprocess.run(["rm", "-r", store.state], check=True)
    with Store.open(repo) as reader:
        assert reader.snapshot().run(folder) == a_run()
        assert not store.state.exists()
    store.make_folders()


def test_every_process_of_a_clone_has_the_same_writer_id(repo: Path, store: Store) -> None:
    assert store.writer == Store.open(repo).writer
    assert len(store.writer) == 12
    assert stat.S_IMODE((store.state / "writer").stat().st_mode) & 0o111 == 0


@pytest.mark.parametrize("damage", ["", "short\n", "../../../etc\nhost\n1\n", "a" * 5000])
def test_a_damaged_writer_id_is_minted_anew(repo: Path, store: Store, damage: str) -> None:
    before = store.writer
    (store.state / "writer").write_text(damage)
    after = Store.open(repo).writer
    assert after != before
    assert len(after) == 12
    assert after == Store.open(repo).writer


def test_a_copied_repository_gets_a_writer_id_of_its_own(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    before = store.writer
    subprocess.run(["cp", "-a", repo, tmp_path / "copy"], check=True)
    copied = Store.open(tmp_path / "copy")
    assert copied.writer != before
    assert Store.open(repo).writer == before


def test_the_same_disk_on_another_host_gets_a_writer_id_of_its_own(
    repo: Path, store: Store
) -> None:
    lines = store.writer, "another-host", str((repo / ".git").stat().st_ino)
    (store.state / "writer").write_text("\n".join(lines) + "\n")
    assert Store.open(repo).writer != store.writer
