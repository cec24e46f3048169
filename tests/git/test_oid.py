"""Names of objects are those of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mlgit.git.oid import BLOB, EMPTY_TREE, TREE, is_oid, object_id


@pytest.mark.parametrize("content", [b"", b"x", b"\0\xff\n" * 1000])
def test_a_blob_has_the_name_git_gives_it(repo: Path, content: bytes) -> None:
    asked = subprocess.run(
        ["git", "hash-object", "--stdin"], cwd=repo, input=content, capture_output=True, check=True
    )
    assert object_id(BLOB, content) == asked.stdout.strip()


def test_the_empty_tree_is_the_one_git_knows() -> None:
    assert object_id(TREE, b"") == EMPTY_TREE


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"a" * 40, True), (b"A" * 40, False), (b"a" * 39, False), (b"g" * 40, False), (b"", False)],
)
def test_only_forty_lower_case_hex_digits_are_an_id(value: bytes, expected: bool) -> None:
    assert is_oid(value) is expected
