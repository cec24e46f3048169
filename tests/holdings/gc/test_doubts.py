"""Whatever cannot be read ends the command, and nothing has moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.errors import Damaged, MlgitError, StorageFailed, Unsupported
from mlgit.holdings.gc.leases import Lease, refuse_strangers
from mlgit.runs.journals import paths_of
from mlgit.store.store import Store
from tests.holdings.gc.kit import aside, cache, clean, folder_of, record, unnamed
from tests.support.repos import git


def _git_dir(store: Store) -> Path:
    return store.repository.common_dir


def _damaged_ref(store: Store) -> None:
    (_git_dir(store) / "refs/heads/broken").write_bytes(b"")


def _ref_to_nothing(store: Store) -> None:
    (_git_dir(store) / "refs/heads/broken").write_bytes(b"1" * 40 + b"\n")


def _damaged_packed_refs(store: Store) -> None:
    (_git_dir(store) / "packed-refs").write_bytes(b"")


def _damaged_reflog(store: Store) -> None:
    with (_git_dir(store) / "logs/refs/heads/mlgit").open("ab") as file:
        file.write(b"torn 0123\n")


def _damaged_head(store: Store) -> None:
    (_git_dir(store) / "worktrees/x").mkdir(parents=True)
    (_git_dir(store) / "worktrees/x/HEAD").write_bytes(b"\0" * 20)


def _damaged_journal(store: Store) -> None:
    run_id, _ = record(store, finish=False)
    (path,) = paths_of(store.data, run_id)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _damaged_manifest(store: Store) -> None:
    run_id, _ = record(store)
    with store.change("by hand") as change:
        change.put(f"{folder_of(store, run_id)}/artifacts.yaml", b"artifacts: [oops\n")


def _newer_manifest(store: Store) -> None:
    run_id, _ = record(store)
    with store.change("by a later version") as change:
        change.put(f"{folder_of(store, run_id)}/artifacts.yaml", b"format: 99\nartifacts: []\n")


def _shallow(store: Store) -> None:
    tip = store.branch.tip()
    assert tip is not None
    (_git_dir(store) / "shallow").write_bytes(tip + b"\n")


def _partial(store: Store) -> None:
    git(_git_dir(store), "config", "remote.origin.promisor", "true", check=True)
    store.repository.config.__dict__.pop("repository", None)


DOUBTS: dict[str, tuple[Callable[[Store], None], type[MlgitError]]] = {
    "a damaged ref": (_damaged_ref, Damaged),
    "a ref to nothing": (_ref_to_nothing, Damaged),
    "damaged packed refs": (_damaged_packed_refs, Damaged),
    "a damaged reflog": (_damaged_reflog, Damaged),
    "a damaged HEAD": (_damaged_head, Damaged),
    "a damaged journal": (_damaged_journal, Damaged),
    "a damaged manifest": (_damaged_manifest, Damaged),
    "a manifest of a later version": (_newer_manifest, Unsupported),
    "a shallow clone": (_shallow, Unsupported),
    "a partial clone": (_partial, Unsupported),
}


@pytest.mark.parametrize(("doubt", "kind"), DOUBTS.values(), ids=DOUBTS)
def test_a_doubt_ends_it(
    store: Store, doubt: Callable[[Store], None], kind: type[MlgitError]
) -> None:
    store.make_folders()
    digest = unnamed(store)
    doubt(store)
    with pytest.raises(kind) as told:
        clean(store)
    assert told.value.hint
    assert cache(store).has(digest)
    assert aside(store) == set()
    for leftover in ("refs/heads/broken", "shallow", "worktrees/x/HEAD"):
        (_git_dir(store) / leftover).unlink(missing_ok=True)
    if doubt is _damaged_packed_refs:
        (_git_dir(store) / "packed-refs").unlink()
    if doubt is _damaged_reflog:
        (_git_dir(store) / "logs/refs/heads/mlgit").unlink()
    if doubt is _partial:
        git(_git_dir(store), "config", "--unset", "remote.origin.promisor", check=True)


def test_a_spool_that_is_not_mounted_ends_it(store: Store, tmp_path: Path) -> None:
    store.make_folders()
    digest = unnamed(store)
    with pytest.raises(StorageFailed, match="spool"):
        clean(store, spools=(tmp_path / "not-mounted",))
    assert cache(store).has(digest)


def test_a_torn_end_of_a_journal_is_no_doubt(store: Store) -> None:
    run_id, digest = record(store, finish=False)
    (path,) = paths_of(store.data, run_id)
    with path.open("ab") as file:
        file.write(b"\nMJ1\0\0torn")
    clean(store)
    assert cache(store).has(digest)


def test_strangers_are_named() -> None:
    refuse_strangers([], "main")
    with pytest.raises(Unsupported, match="main is used by bob on gpu") as told:
        refuse_strangers([Lease("0123456789ab", "bob on gpu", "1" * 40, 0.0)], "main")
    assert "--ignore-user 0123456789ab" in told.value.hint
