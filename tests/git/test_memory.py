"""What is remembered is never taken for what is on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import NotFound
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.repository import Repository


def test_a_tree_just_made_is_listed_without_a_look_at_the_disk_until_it_is_forgotten(
    repo: Path,
) -> None:
    with Repository.discover(repo) as repository:
        objects = repository.objects
        with writer_lock(repository.state_dir):
            commit = Branch(repository).commit({"runs/a/x": b"1"}, "one")
        tree = objects.commit(commit).tree
        packs = repo / ".git/objects/pack"
        aside = packs.rename(repo / ".git/aside")
        assert set(objects.listing(tree)) == {b"runs"}
        assert not objects.contains(tree)
        objects.forget()
        with pytest.raises(NotFound):
            objects.listing(tree)
        aside.rename(packs)
