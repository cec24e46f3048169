"""What is read without dulwich is what dulwich and git read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dulwich.config import ConfigFile
from hypothesis import given
from hypothesis import strategies as st

from mlgit.git import config_file
from mlgit.git.config_file import Setting

USUAL = b"""[core]
\trepositoryformatversion = 0
\tbare = false
# a comment of its own
[remote "Origin/x"]
\turl = git@example.org:a/b.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[USER]
  Name = Ada  Lovelace
  email=ada@example.org\r
"""
LINES = (
    "[core]",
    "[Core]",
    '[remote "origin"]',
    '[a "b.C"]',
    "[a.b]",
    '[a "b\\"c"]',
    "[include]",
    "[core] x = 1",
    "bare = true",
    "\tBare=false",
    "flag",
    'quoted = "a b"',
    "later = a # why",
    "long = a \\",
    "; note",
    "",
    "=",
    "a b = c",
    "1x = y",
    "[",
)
files = st.lists(st.sampled_from(LINES), max_size=4).map(lambda lines: "\n".join(["[a]", *lines]))


def by_git(path: Path) -> list[tuple[str, str]]:
    ran = subprocess.run(
        ["git", "config", "--file", str(path), "--list", "-z"],
        capture_output=True,
        check=True,
        text=True,
    )
    return [tuple(entry.split("\n", 1)) for entry in ran.stdout.split("\0") if entry]  # type: ignore[misc]


def named(setting: Setting) -> tuple[str, str]:
    return ".".join(filter(None, setting[:3])), setting.value


def test_a_usual_file_needs_no_dulwich(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(USUAL)
    found = config_file.plain(USUAL)
    assert found is not None
    assert [named(setting) for setting in found] == by_git(path)
    assert config_file.read(path) == found


@pytest.mark.parametrize(
    "line",
    ["flag", 'x = "y"', "x = y # z", "x = y \\", "[a.b]\nx = 1", "[include]\npath = o", "\ufeff"],
)
def test_what_is_not_plain_is_left_to_dulwich(line: str) -> None:
    assert config_file.plain(f"[a]\n{line}\n".encode()) is None


@given(text=files)
def test_a_file_reads_as_dulwich_reads_it(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = config_file.plain(text.encode())
    if found is None:
        return
    path = tmp_path_factory.getbasetemp() / "config"
    path.write_text(text)
    theirs = ConfigFile.from_path(str(path))
    asked = {setting[:3] for setting in found}
    for section, subsection, key in asked:
        name = tuple(part.encode() for part in (section, subsection) if part)
        values = [value.decode() for value in theirs.get_multivar(name, key.encode())]
        assert [one.value for one in found if one[:3] == (section, subsection, key)] == values
