"""The gate for artifact paths: what could mean another place is refused, by whatever spelling."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.errors import InvalidValue
from mlgit.records.artifact_path import MAX_PATH_BYTES, is_safe_path, safe_path

HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/./b",
    "a//b",
    "a/",
    "/etc/passwd",
    "//srv/share",
    "\\\\srv\\share",
    "..\\x",
    "a\\b",
    "C:\\x",
    "c:x",
    "C:/x",
    "~/x",
    "~root/x",
    "a\0b",
    "a\nb",
    "a\x1b[2Jb",
    "a\x7fb",
    "a\u2028b",
    "file:///etc",
    "http:///#/../../etc/",
    "..%2fx",
    "%252e%252e%252fx",
    "%2E%2e/x",
    "a%5cb",
    "a%00b",
    ".git/hooks/post-checkout",
    "a/.GIT/config",
    ".git /config",
    ".git./config",
    ".git::$INDEX_ALLOCATION/config",
    "git~1/config",
    ".g\u200cit/config",
    "\udcff",
    "x" * 256,
    "é" * 128,
    "a/" * 3000 + "a",
]
PLAIN = [
    "model.pkl",
    "plots/roc curve.png",
    "a/b/c/d.txt",
    "...",
    "..a",
    "100%.png",
    ".gitignore",
    "gît/x",
    "été/µ.txt",
    "模型/权重.bin",
    "-rf",
    "ab:c",
    "con.txt",
    "$(touch pwned)",
    "x" * 255,
]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_may_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        safe_path(path)
    assert caught.value.hint
    assert len(str(caught.value)) < 500
    assert not is_safe_path(path)


@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_path_passes_unchanged(path: str) -> None:
    assert safe_path(path) == path


@given(st.text(max_size=40) | st.text("./\\~:%2fF0eE", max_size=12))
def test_what_passes_stays_below_its_folder(path: str) -> None:
    if is_safe_path(path):
        assert posixpath.normpath(posixpath.join("/root", path)) == "/root/" + path
        assert len(path.encode()) <= MAX_PATH_BYTES
