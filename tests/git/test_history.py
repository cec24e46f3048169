"""Who came from whom is what git says, in any history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit.git.history import commits_since, is_ancestor, merge_bases
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, EMPTY_TREE, TREE, Oid
from tests.support.repos import git, make_repo

#: Of each commit: which earlier ones it came from (counted backwards), and its time.
shapes = st.lists(
    st.tuples(st.lists(st.integers(1, 4), max_size=2, unique=True), st.integers(0, 5)),
    min_size=2,
    max_size=9,
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repo(tmp_path_factory.mktemp("history") / "project")


@pytest.fixture(scope="module")
def objects(repository: Path) -> Iterator[Objects]:
    found = Objects(repository / ".git" / "objects")
    found.write([(TREE, b"")], durable=False)
    yield found
    found.close()


def made(objects: Objects, shape: list[tuple[list[int], int]]) -> list[Oid]:
    commits: list[Oid] = []
    for number, (back, time) in enumerate(shape):
        parents = [commits[-steps] for steps in back if steps <= len(commits)]
        lines = [b"tree " + EMPTY_TREE, *(b"parent " + parent for parent in parents)]
        who = b"Ada <ada@example.org> %d +0000" % (1_700_000_000 + time)
        lines += [b"author " + who, b"committer " + who, b"", b"%d" % number]
        commits += objects.write([(COMMIT, b"\n".join(lines) + b"\n")], durable=False)
    return commits


def said(repository: Path, *command: str) -> set[bytes]:
    return set(git(repository, *command).stdout.encode().split())


@given(shape=shapes)
@settings(deadline=None, max_examples=40)
def test_history_is_what_git_says(
    repository: Path, objects: Objects, shape: list[tuple[list[int], int]]
) -> None:
    *_, ours, theirs = made(objects, shape)
    names = ours.decode(), theirs.decode()
    assert set(merge_bases(objects, ours, theirs)) == said(
        repository, "merge-base", "--all", *names
    )
    assert set(commits_since(objects, ours, theirs)) == said(
        repository, "rev-list", names[0], f"^{names[1]}"
    )
    found = git(repository, "merge-base", "--is-ancestor", *names).returncode == 0
    assert is_ancestor(objects, ours, theirs) == found
