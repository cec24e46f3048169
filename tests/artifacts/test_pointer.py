"""Pointer files of git LFS: one exact text, read strictly, extensions let through."""

from __future__ import annotations

from hashlib import sha256

import pytest

from mlgit.artifacts.pointer import Pointed, parse_pointer, pointer_of
from mlgit.errors import InvalidValue

DIGEST = sha256(b"weights").hexdigest()
TEXT = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize 7\n".encode()


def test_a_pointer_is_the_text_that_git_lfs_writes() -> None:
    assert pointer_of(DIGEST, 7) == TEXT


def test_what_is_written_is_read_back() -> None:
    assert parse_pointer(pointer_of(DIGEST, 7)) == Pointed(DIGEST, 7)


def test_no_bytes_are_their_own_pointer() -> None:
    """Which nothing can tell from any other empty file."""
    assert pointer_of(sha256().hexdigest(), 0) == b""
    assert parse_pointer(b"") is None


def test_lines_of_extensions_and_the_old_version_are_read() -> None:
    extended = TEXT.replace(b"oid", f"ext-0-crypt sha256:{'0' * 64}\noid".encode(), 1)
    old = TEXT.replace(b"git-lfs.github", b"hawser.github")
    assert parse_pointer(extended) == Pointed(DIGEST, 7, extended=True)
    assert parse_pointer(old) == Pointed(DIGEST, 7)


@pytest.mark.parametrize(
    "data",
    [
        b"weights",
        TEXT[:-1],
        TEXT + b"more",
        TEXT.replace(b"\n", b"\r\n"),
        TEXT.replace(b"size 7", b"size  7"),
        TEXT.replace(b"size 7", b"size -7"),
        TEXT.replace(b"size 7", b"size 07"),
        TEXT.replace(b"sha256:", b"sha1:"),
        TEXT.replace(b"spec/v1", b"spec/v2"),
        TEXT.replace(DIGEST.encode(), DIGEST.upper().encode()),
        TEXT + b"size 8\n",
        TEXT.replace(b"oid", b"zzz x\noid"),
        b"".join(TEXT.splitlines(keepends=True)[::-1]),
        TEXT + b"x" * 1024,
    ],
)
def test_what_is_not_exactly_a_pointer_is_none(data: bytes) -> None:
    assert parse_pointer(data) is None


def test_a_pointer_of_nonsense_is_refused() -> None:
    with pytest.raises(InvalidValue):
        pointer_of("../../etc", 7)
    with pytest.raises(InvalidValue):
        pointer_of(DIGEST, -1)
