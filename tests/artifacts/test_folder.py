"""Walking a user's folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mlgit.artifacts.folder import files_of
from mlgit.errors import InvalidValue, NotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "out"
    (root / "plots" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "b.txt").write_text("b")
    (root / "plots" / "deep" / "a.txt").write_text("a")
    return root


def names(folder: Path) -> list[str]:
    return [name for name, _ in files_of(folder)]


def test_files_come_sorted_with_slashes_and_empty_folders_are_left_out(folder: Path) -> None:
    assert names(folder) == ["b.txt", "plots/deep/a.txt"]


def test_links_that_stay_inside_are_followed(folder: Path) -> None:
    (folder / "latest").symlink_to("plots/deep")
    (folder / "same.txt").symlink_to(folder / "b.txt")
    assert names(folder) == ["b.txt", "latest/a.txt", "plots/deep/a.txt", "same.txt"]
    assert dict(files_of(folder))["same.txt"] == (folder / "b.txt").resolve()


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "..", "/"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, target: str) -> None:
    (folder.parent / "outside").write_text("secret")
    (folder / "plots" / "link").symlink_to(target if target[0] == "/" else f"../{target}")
    with pytest.raises(InvalidValue, match="outside"):
        files_of(folder)


@pytest.mark.parametrize("target", [".", "..", "nowhere", "loop"])
def test_circles_and_broken_links_are_refused(folder: Path, target: str) -> None:
    (folder / "plots" / "loop").symlink_to(target)
    with pytest.raises(InvalidValue, match="link"):
        files_of(folder)


def test_two_links_that_lead_into_each_other_are_refused(folder: Path) -> None:
    (folder / "empty" / "x").symlink_to("../plots")
    (folder / "plots" / "y").symlink_to("../empty")
    with pytest.raises(InvalidValue, match="around it"):
        files_of(folder)


def test_devices_pipes_and_sockets_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidValue, match="neither"):
        files_of(folder)
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
        with pytest.raises(InvalidValue, match="neither"):
            files_of(folder)


def test_a_folder_given_as_a_link_is_what_the_user_meant(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert names(link) == ["b.txt", "plots/deep/a.txt"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        files_of(tmp_path / "missing")
