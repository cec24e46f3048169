"""Repositories and commits for the tests of this folder."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.tree import Edit
from tests.support.repos import git


def commit(path: Path, edits: Mapping[str, Edit], message: str = "a change") -> Oid:
    """Put files on the data branch of the repository at `path`, as a process of its own would."""
    with Repository.discover(path) as repository, writer_lock(repository.state_dir):
        return Branch(repository).commit(edits, message)


def files(path: Path, ref: str = "mlgit") -> dict[str, str]:
    """What the git program finds on a branch."""
    listed = git(path, "ls-tree", "-r", "-z", ref, check=True).stdout.split("\0")[:-1]
    entries = dict(line.split("\t")[::-1] for line in listed)
    asked = "".join(f"{entry.split()[2]}\n" for entry in entries.values()).encode()
    answer = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=path, input=asked, capture_output=True, check=True
    ).stdout
    found = {}
    for name in entries:
        header, _, answer = answer.partition(b"\n")
        size = int(header.split()[2])
        found[name], answer = answer[:size].decode(), answer[size + 1 :]
    return found


def object_file(path: Path, oid: Oid) -> Path:
    """The loose file of an object."""
    name = oid.decode()
    return path / ".git/objects" / name[:2] / name[2:]
