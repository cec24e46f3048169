"""Addresses that git may be given."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.store.url import repository_url

GOOD = [
    "https://github.com/team/runs.git",
    "https://example.org:8443/x",
    "ssh://git@example.org:22/x.git",
    "ssh://example.org/~user/x",
    "git://example.org/x",
    "git@github.com:team/runs.git",
    "host:path/x",
    "file:///srv/git/x.git",
]


@pytest.mark.parametrize("url", GOOD)
def test_an_ordinary_address_passes_unchanged(url: str) -> None:
    assert repository_url(url) == url


def test_a_folder_becomes_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my runs.git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert repository_url("my runs.git") == str(tmp_path / "my runs.git")
