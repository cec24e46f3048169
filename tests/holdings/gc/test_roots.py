"""Each kind of name keeps its bytes by itself; without it they would go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.git.item import Item, encode_item
from mlgit.runs import edit
from mlgit.runs.frames import EVENT, pack
from mlgit.runs.purge import purge
from mlgit.runs.spool.folder import make_spool, own_spool
from mlgit.store.named import sources
from mlgit.store.store import Store
from tests.holdings.gc.kit import aside, cache, clean, folder_of, record, unnamed
from tests.support.repos import git

Root = Callable[[Path, str], None]


def top(store: Store) -> Path:
    assert store.home.work_tree is not None
    return store.home.work_tree


def lost(store: Store) -> tuple[str, str]:
    """(digest, commit): bytes that a commit names which nothing names any more."""
    before = store.branch.tip()
    assert before is not None
    _, digest = record(store)
    commit = store.branch.tip()
    assert commit is not None
    path = top(store)
    git(path, "update-ref", "refs/heads/mlgit", before.decode(), check=True)
    (path / ".git/logs/refs/heads/mlgit").unlink()
    shutil.rmtree(store.data / "published")
    return digest, commit.decode()


def _ref(name: str) -> Root:
    def make(path: Path, commit: str) -> None:
        git(path, "update-ref", name, commit, check=True)

    return make


def _packed(path: Path, commit: str) -> None:
    git(path, "update-ref", "refs/heads/kept", commit, check=True)
    git(path, "pack-refs", "--all", check=True)


def _detached(path: Path, commit: str) -> None:
    git(path, "worktree", "add", "-q", "--detach", "../other", commit, check=True)
    shutil.rmtree(path / ".git/worktrees/other/logs", ignore_errors=True)
    (path / ".git/worktrees/other/ORIG_HEAD").unlink(missing_ok=True)


def _reflog(path: Path, commit: str) -> None:
    before = git(path, "rev-parse", "mlgit", check=True).stdout.strip()
    git(path, "update-ref", "--create-reflog", "refs/heads/mlgit", commit, check=True)
    git(path, "update-ref", "refs/heads/mlgit", before, check=True)


def _other_reflog(path: Path, commit: str) -> None:
    git(path, "branch", "-q", "scratch", commit, check=True)
    log = (path / ".git/logs/refs/heads/scratch").read_bytes()
    git(path, "branch", "-q", "-D", "scratch", check=True)
    (path / ".git/logs/refs/heads/scratch").write_bytes(log)


def _tag_of_tree(path: Path, commit: str) -> None:
    git(path, "tag", "-a", "-m", "tree", "inner", f"{commit}^{{tree}}", check=True)
    git(path, "tag", "-a", "-m", "tag", "outer", "inner", check=True)
    git(path, "tag", "-d", "inner", check=True)


def _tag_of_blob(path: Path, commit: str) -> None:
    names = git(path, "ls-tree", "-r", commit, check=True).stdout.splitlines()
    (blob,) = (line.split()[2] for line in names if line.endswith("/artifacts.yaml"))
    git(path, "tag", "manifest", blob, check=True)


def _fetch_head(path: Path, commit: str) -> None:
    (path / ".git/FETCH_HEAD").write_text(f"{commit}\t\tbranch 'mlgit' of ../other\n")


def _merged_into_code(path: Path, commit: str) -> None:
    merged = ("merge", "-q", "--no-edit", "--allow-unrelated-histories", "-s", "ours", commit)
    git(path, *merged, check=True)
    shutil.rmtree(path / ".git/logs")


ROOTS: dict[str, Root] = {
    "a branch": _ref("refs/heads/backup"),
    "a tag": _ref("refs/tags/v1"),
    "a remote-tracking branch": _ref("refs/remotes/origin/mlgit"),
    "memory of an inbox": _ref("refs/mlgit/remotes/origin/inbox/0123456789ab-0123456789ab"),
    "a proposal": _ref("refs/heads/mlgit-promote/churn/production/v5"),
    "a proposal at a remote": _ref("refs/remotes/origin/mlgit-promote/churn/production/v5"),
    "a packed ref": _packed,
    "HEAD of another work tree": _detached,
    "the reflog of the store": _reflog,
    "the reflog of a deleted branch": _other_reflog,
    "a tag of a tag of a tree": _tag_of_tree,
    "a tag of a manifest": _tag_of_blob,
    "FETCH_HEAD": _fetch_head,
    "a merge into the code": _merged_into_code,
}


@pytest.mark.parametrize("root", ROOTS.values(), ids=ROOTS)
def test_a_name_in_git_keeps_its_bytes(store: Store, root: Root) -> None:
    digest, commit = lost(store)
    root(top(store), commit)
    assert clean(store).done is not None
    assert cache(store).verify(digest)
    assert aside(store) == set()


def test_without_a_name_bytes_go(store: Store) -> None:
    digest, _ = lost(store)
    clean(store)
    assert aside(store) == {digest}
    assert not cache(store).has(digest)


def test_stashes_name_nothing(store: Store) -> None:
    digest, commit = lost(store)
    git(top(store), "update-ref", "--create-reflog", "refs/stash", commit, check=True)
    clean(store)
    assert aside(store) == {digest}


def _journal(store: Store) -> str:
    return record(store, finish=False)[1]


def _published_journal(store: Store) -> str:
    digest, _ = lost(store)
    folder = store.data / "published" / "1"
    folder.mkdir(parents=True)
    event = pack(EVENT, b'{"sha256":"%s"}' % digest.encode())
    (folder / "run.writer.0.journal").write_bytes(event)
    return digest


def _queue(store: Store) -> str:
    digest, commit = lost(store)
    names = git(top(store), "ls-tree", "-r", commit, check=True).stdout.splitlines()
    (line,) = (line for line in names if line.endswith("/artifacts.yaml"))
    data = store.repository.objects.blob(line.split()[2].encode())
    path = line.partition("\t")[2]
    item = Item(folder=path.rpartition("/")[0], files={"artifacts.yaml": data}, subject="run")
    queue = store.state / "queue" / "mlgit"
    queue.mkdir(parents=True, exist_ok=True)
    (queue / "00000000000000000001-1-abcdef").write_bytes(encode_item(item))
    return digest


def _spooled(store: Store, spool: Path) -> str:
    digest = unnamed(store)
    make_spool(spool)
    folder = spool / "live" / "0123456789abcdef"
    folder.mkdir()
    (folder / "w.journal").write_bytes(pack(EVENT, b'{"sha256":"%s"}' % digest.encode()))
    return digest


def _own_spool(store: Store) -> str:
    return _spooled(store, own_spool(store))


@pytest.mark.parametrize("root", [_journal, _published_journal, _queue, _own_spool])
def test_a_file_beside_the_branch_keeps_its_bytes(
    store: Store, root: Callable[[Store], str]
) -> None:
    store.make_folders()
    digest, other = root(store), unnamed(store)
    clean(store)
    assert cache(store).has(digest)
    assert aside(store) == {other}


def test_the_spool_that_the_environment_names_keeps_its_bytes(store: Store, tmp_path: Path) -> None:
    digest = _spooled(store, tmp_path / "spool")
    clean(store, spools=(tmp_path / "spool",))
    assert cache(store).has(digest)


def test_what_was_purged_stays_unless_asked_for(store: Store) -> None:
    run_id, digest = record(store)
    _, kept = record(store)
    _purge(store, run_id)
    clean(store)
    assert aside(store) == set()
    found = clean(store, purged=True, delete=False).plan
    assert [(one.sha256, one.run) for one in found.unnamed] == [(digest, run_id)]
    clean(store, purged=True)
    assert aside(store) == {digest}
    assert cache(store).has(kept)


def test_what_was_purged_lately_stays(store: Store) -> None:
    run_id, digest = record(store)
    _purge(store, run_id)
    found = clean(store, later=0, purged=True, delete=False).plan
    assert digest in {one.sha256 for one in found.named}


def test_what_a_version_was_registered_with_stays(store: Store) -> None:
    run_id, digest = record(store)
    folder = folder_of(store, run_id)
    manifest = store.snapshot().read(f"{folder}/artifacts.yaml")
    assert manifest is not None
    version = f'format: 1\nmanifest: "sha256:{sha256(manifest).hexdigest()}"\n'
    with store.change("version") as change:
        change.put("registry/models/churn/versions/1.yaml", version.encode())
    with store.change("all of it goes") as change:
        change.remove("registry/models/churn/versions/1.yaml")
        change.remove(f"{folder}/artifacts.yaml")
    shutil.rmtree(store.data / "published")
    clean(store, purged=True)
    assert cache(store).has(digest)


def _purge(store: Store, run_id: str) -> None:
    folder = folder_of(store, run_id)
    edit.delete(store, folder)
    purge(store, folder, sources(store.snapshot()))
    shutil.rmtree(store.data / "published", ignore_errors=True)
