"""Repositories and commits for the tests of this folder."""

from __future__ import annotations

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
    names = git(path, "ls-tree", "-r", "--name-only", ref, check=True).stdout.splitlines()
    return {name: git(path, "cat-file", "-p", f"{ref}:{name}").stdout for name in names}


def object_file(path: Path, oid: Oid) -> Path:
    """The loose file of an object."""
    name = oid.decode()
    return path / ".git/objects" / name[:2] / name[2:]


def explode(path: Path) -> None:
    """Turn every pack into loose objects."""
    folder = path / ".git/objects/pack"
    packs = [(pack, pack.read_bytes()) for pack in folder.glob("*.pack")]
    for pack, _ in packs:
        for suffix in (".pack", ".idx", ".rev"):
            pack.with_suffix(suffix).unlink(missing_ok=True)
    import subprocess

    for _, content in packs:
        subprocess.run(["git", "unpack-objects", "-q"], cwd=path, input=content, check=True)
