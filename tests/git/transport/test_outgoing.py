"""What one side lacks: never less than git itself would send, and little more."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlgit.errors import NotFound
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.transport.outgoing import lacking
from tests.support.repos import git


def grown(repo: Path, chance: random.Random) -> list[str]:
    """Commits of a history with merges, equal files in many places, and clocks that lie."""
    commits = [git(repo, "rev-parse", "HEAD").stdout.strip()]
    for _ in range(12):
        parents = chance.sample(commits, min(len(commits), chance.choice((1, 1, 2))))
        git(repo, "read-tree", parents[0], check=True)
        for _ in range(chance.randint(0, 3)):
            folder = "/".join(chance.choice("abc") for _ in range(chance.randint(0, 3)))
            path = repo / "file"
            path.write_text(str(chance.randint(0, 5)))
            oid = git(repo, "hash-object", "-w", str(path)).stdout.strip()
            place = f"{folder}/f{chance.randint(0, 3)}".lstrip("/")
            git(repo, "update-index", "--add", "--cacheinfo", f"100644,{oid},{place}", check=True)
        tree = git(repo, "write-tree").stdout.strip()
        time = f"{1_700_000_000 + chance.randint(-500, 500)} +0000"
        argv = ["commit-tree", tree, "-m", "c", *(word for one in parents for word in ("-p", one))]
        argv = ["-c", f"user.name=x{chance.random()}", *argv]
        commits.append(_dated(repo, time, argv))
    return commits


def _dated(repo: Path, time: str, argv: list[str]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", time)
        patch.setenv("GIT_AUTHOR_DATE", time)
        return git(repo, *argv, check=True).stdout.strip()


def listed(repo: Path, *argv: str) -> set[Oid]:
    found = git(repo, "rev-list", "--objects", *argv, check=True).stdout
    return {line.split()[0].encode() for line in found.splitlines()}


@pytest.mark.parametrize("seed", range(6))
def test_all_that_git_would_send_is_named_once(repo: Path, seed: int) -> None:
    chance = random.Random(seed)
    commits = grown(repo, chance)
    with Repository.discover(repo) as repository:
        for _ in range(10):
            wants = chance.sample(commits, chance.randint(1, 2))
            haves = chance.sample(commits, chance.randint(0, 2))
            wanted, known = ([one.encode() for one in some] for some in (wants, haves))
            named = [one.oid for one in lacking(repository.objects, wanted, known)]
            assert len(named) == len(set(named))
            needed = listed(repo, *wants, *(f"^{one}" for one in haves))
            assert needed <= set(named) <= listed(repo, *wants)


def test_what_is_known_is_not_opened(repo: Path) -> None:
    first = git(repo, "rev-parse", "HEAD").stdout.strip().encode()
    (repo / "new.txt").write_text("new")
    git(repo, "add", "new.txt", check=True)
    git(repo, "commit", "-q", "-m", "second", check=True)
    second = git(repo, "rev-parse", "HEAD").stdout.strip().encode()
    with Repository.discover(repo) as repository:
        assert len(list(lacking(repository.objects, [second], [first]))) == 3
        assert not list(lacking(repository.objects, [first], [second]))


def test_a_tree_that_is_missing_is_not_passed_over(repo: Path) -> None:
    commit = git(repo, "rev-parse", "HEAD").stdout.strip()
    tree = git(repo, "rev-parse", "HEAD^{tree}").stdout.strip()
    (repo / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with Repository.discover(repo) as repository, pytest.raises(NotFound):
        list(lacking(repository.objects, [commit.encode()], []))
    git(repo, "write-tree", check=True)
