"""Files are read and written whole, or the error says which and why."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from mlgit.errors import StorageFailed
from mlgit.git.files import read_file, replace_file, storage_failed


def test_a_file_is_replaced_in_one_step_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "note"
    replace_file(path, b"one", durable=True)
    replace_file(path, b"two" * 100_000, durable=False)
    assert read_file(path) == b"two" * 100_000
    assert list(path.parent.iterdir()) == [path]


def test_a_refused_write_keeps_the_old_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "note"
    replace_file(path, b"old", durable=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StorageFailed) as caught:
            replace_file(path, b"x" * 100, durable=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.facts["errno"] == errno.EFBIG
    assert str(path) in caught.value.message
    assert "ulimit -f" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert {file.name for file in tmp_path.iterdir()} == {"home", "note"}


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(OSError):  # noqa: PT011 (any refusal of the system's kind)
        read_file(path)


def test_a_file_of_unknown_size_is_read_to_its_end() -> None:
    assert read_file("/proc/self/status").startswith(b"Name:")


def test_every_refusal_names_the_file_and_what_was_tried() -> None:
    error = storage_failed(OSError(errno.ENOSPC, "full"), "/some/file", "write")
    assert error.message == "cannot write /some/file: No space left on device"
    assert "free some space" in error.hint
