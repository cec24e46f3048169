"""Files written below a folder that somebody else may have prepared."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from mlgit.artifacts.landing import land, means_another_on_windows
from mlgit.errors import InvalidState, InvalidValue, StorageFailed


def hello(file: BinaryIO) -> None:
    file.write(b"hello")


def test_a_file_lands_with_its_folders(tmp_path: Path) -> None:
    path = land(tmp_path, "a/b/c.txt", hello)
    assert path == tmp_path / "a/b/c.txt"
    assert path.read_bytes() == b"hello"
    assert stat.S_IMODE(path.stat().st_mode) & 0o111 == 0


def test_a_file_there_before_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("old and longer")
    assert land(tmp_path, "c.txt", hello).read_bytes() == b"hello"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "c.txt").symlink_to(outside)
    assert not land(tmp_path / "out", "c.txt", hello).is_symlink()
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("planted", ["a", "a/b"])
def test_a_link_on_the_way_is_refused(tmp_path: Path, planted: str) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    link = out / planted
    link.parent.mkdir(parents=True)
    link.symlink_to(outside, target_is_directory=True)
    with pytest.raises(InvalidState, match="in the way"):
        land(out, "a/b/c.txt", hello)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", ".git/config"])
def test_an_unsafe_path_never_lands(tmp_path: Path, path: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(InvalidValue):
        land(out, path, hello)
    assert list(out.iterdir()) == []


def test_a_file_or_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("file")
    with pytest.raises(InvalidState, match="in the way"):
        land(tmp_path, "a/b", hello)
    (tmp_path / "c").mkdir()
    with pytest.raises((InvalidState, StorageFailed)):
        land(tmp_path, "c", hello)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        land(tmp_path / "", "half.txt", fail)
    assert [item.name for item in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "path", ["a:b", "con", "x/NUL.txt", "com1/x", "a./b", "a ", "a?b", "lpt9."]
)
def test_names_that_windows_takes_for_another_are_known(path: str) -> None:
    assert means_another_on_windows(path)


@pytest.mark.parametrize("path", ["a/b.txt", "console.log", "x.con", "com/x", ".hidden", "a b/c"])
def test_ordinary_names_are_fine_on_windows(path: str) -> None:
    assert not means_another_on_windows(path)
