"""Objects are found wherever git keeps them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlgit.errors import Damaged, NotFound
from mlgit.git.objects import Objects
from mlgit.git.oid import BLOB, TREE, object_id
from mlgit.git.repository import Repository
from mlgit.git.tree import walk
from tests.git.places import commit, files, object_file
from tests.support.repos import git, make_repo

FILES = {f"runs/churn/{number}/run.yaml": b"id: %d\n" % number for number in range(30)}


def read_all(path: Path) -> dict[str, str]:
    with Repository.discover(path) as repository:
        tip = repository.refs.read("refs/heads/mlgit")
        assert tip is not None
        tree = repository.objects.commit(tip).tree
        found = walk(repository.objects, tree)
        return {name: repository.objects.blob(entry.oid).decode() for name, entry in found}


def gc(path: Path) -> None:
    git(path, "gc", "-q", "--prune=now", check=True)


def many_packs(path: Path) -> None:
    for number in range(12):
        commit(path, {f"extra/{number}": b"%d\n" % number})
    git(path, "multi-pack-index", "write", check=True)


def all_loose(path: Path) -> None:
    packs = list((path / ".git/objects/pack").glob("*.pack"))
    moved = [shutil.move(pack, path / pack.name) for pack in packs]
    shutil.rmtree(path / ".git/objects/pack")
    for pack in moved:
        with Path(pack).open("rb") as content:
            import subprocess

            subprocess.run(["git", "unpack-objects", "-q"], cwd=path, stdin=content, check=True)
        Path(pack).unlink()


@pytest.mark.parametrize("keep", [None, gc, many_packs, all_loose])
def test_what_git_keeps_in_any_way_is_read(repo: Path, keep: object) -> None:
    commit(repo, dict(FILES))
    if callable(keep):
        keep(repo)
    assert read_all(repo) == files(repo)
    assert set(FILES) <= set(read_all(repo))


def test_objects_of_an_alternate_are_read_and_not_copied(repo: Path, tmp_path: Path) -> None:
    commit(repo, dict(FILES))
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--shared", "-b", "mlgit", str(repo), str(copy), check=True)
    git(copy, "switch", "-q", "-c", "main", check=True)
    assert read_all(copy) == read_all(repo)
    commit(copy, {"more": b"more\n"})
    assert read_all(copy) == {**read_all(repo), "more": "more\n"}
    assert git(copy, "fsck", "--full").returncode == 0


def test_packs_that_come_and_go_are_followed(repo: Path) -> None:
    commit(repo, dict(FILES))
    with Repository.discover(repo) as repository:
        objects = repository.objects
        first = object_id(BLOB, b"id: 1\n")
        assert objects.contains(first)
        git(repo, "gc", "-q", "--prune=now", check=True)
        assert objects.blob(first) == b"id: 1\n"
        assert objects.blob(object_id(BLOB, b"id: 2\n")) == b"id: 2\n"
        commit(repo, {"later": b"later\n"})
        assert objects.blob(object_id(BLOB, b"later\n")) == b"later\n"
        assert not objects.contains(object_id(BLOB, b"never written"))


def test_a_damaged_loose_object_is_read_from_a_pack(repo: Path) -> None:
    oid = commit(repo, dict(FILES))
    path = object_file(repo, oid)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with Repository.discover(repo) as repository:
        assert repository.objects.commit(oid).message == "a change\n"
    path.unlink()


def test_what_is_missing_or_of_another_kind_is_named(repo: Path) -> None:
    with Repository.discover(repo) as repository:
        objects = repository.objects
        with pytest.raises(NotFound) as missing:
            objects.read(b"1" * 40)
        assert missing.value.facts["oid"] == "1" * 40
        (blob,) = objects.write([(BLOB, b"no tree")])
        for wrong in (objects.tree, objects.commit):
            with pytest.raises(Damaged):
                wrong(blob)
        assert objects.blob(blob) == b"no tree"


@pytest.mark.parametrize(
    "content",
    [b"100644 a", b"100644 a\0short", b"10x644 a\0" + bytes(20), b"\0", b"100644" + bytes(30)],
)
def test_a_malformed_tree_is_damage(tmp_path: Path, content: bytes) -> None:
    objects = Objects(tmp_path / "objects")
    (oid,) = objects.write([(TREE, content)])
    with pytest.raises(Damaged):
        objects.tree(oid)


@pytest.mark.parametrize(
    "content", [b"", b"tree x\n\n", b"parent 1\n\nhello", b"tree " + b"a" * 40 + b"\nparent b\n\nx"]
)
def test_a_malformed_commit_is_damage(tmp_path: Path, content: bytes) -> None:
    objects = Objects(tmp_path / "objects")
    (oid,) = objects.write([(1, content)])
    with pytest.raises(Damaged):
        objects.commit(oid)


def test_a_commit_says_what_git_says(repo: Path) -> None:
    oid = commit(repo, {"a": b"1"}, "subject: é\n\nbody\n\nKey: value\n")
    with Repository.discover(repo) as repository:
        info = repository.objects.commit(oid)
    shown = git(repo, "log", "-1", "--format=%T|%P|%an <%ae>|%at|%cn <%ce>|%ct|%B", "mlgit").stdout
    tree, parent, author, authored, committer, committed, message = shown.split("|")
    assert (info.tree.decode(), info.parents[0].decode()) == (tree, parent)
    assert (info.author, info.author_time) == (author, int(authored))
    assert (info.committer, info.commit_time) == (committer, int(committed))
    assert info.message.strip() == message.strip()


def test_a_guarded_pack_outlives_every_clean_up_by_git(repo: Path) -> None:
    with Repository.discover(repo) as repository:
        pack = repository.objects.write_guarded([(BLOB, b"not yet named")])
        for command in ("gc --prune=now", "repack -adq", "prune --expire=now"):
            git(repo, *command.split(), check=True)
        assert repository.objects.contains(object_id(BLOB, b"not yet named"))
        pack.discard()
        repository.objects.refresh()
        assert not repository.objects.contains(object_id(BLOB, b"not yet named"))


def test_alternates_that_name_each_other_end(tmp_path: Path) -> None:
    one, two = make_repo(tmp_path / "one"), make_repo(tmp_path / "two")
    for here, there in ((one, two), (two, one)):
        info = here / ".git/objects/info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_text(f"{there}/.git/objects\n../../missing\n# a comment\n")
    with Repository.discover(one) as repository:
        assert not repository.objects.contains(b"1" * 40)
