"""Which bytes a commit names that another does not: by what changed, and never fewer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlgit.errors import Damaged
from mlgit.git.oid import Oid
from mlgit.holdings.named import Named, named_by, new_since
from mlgit.records.artifact import ArtifactEntry, dump_manifest
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.store.records import a_publication, a_run, folder_of, published

A, B = "9f3c000000000001", "9f3d000000000002"


def tip(store: Store) -> Oid:
    return store.snapshot().commit


def test_what_is_beside_git_is_named_with_its_run(store: Store) -> None:
    record(store, A, {"model.bin": b"weights", "data/x.bin": b"rows"})
    found = named_by(store)
    assert found[digest_of(b"weights")] == Named(digest_of(b"weights"), 7, A, "model.bin")
    assert found.keys() == {digest_of(b"weights"), digest_of(b"rows")}


def test_what_is_in_git_or_at_an_address_of_others_is_not(store: Store) -> None:
    store.publish(a_publication(a_run(A), {"small.txt": b"small"}))
    entries = [ArtifactEntry("far.bin", 9, "", "", "s3://elsewhere/far.bin")]
    with store.change("a reference") as change:
        change.put(f"{folder_of(a_run(A))}/artifacts.yaml", dump_manifest(entries))
    assert named_by(store) == {}


def test_only_what_changed_counts(store: Store) -> None:
    record(store, A, {"model.bin": b"old"})
    before = tip(store)
    record(store, B, {"model.bin": b"new"})
    found = new_since(store.repository.objects, tip(store), [before])
    assert found.keys() == {digest_of(b"new")}
    assert new_since(store.repository.objects, tip(store), [before, tip(store)]) == {}


def test_what_a_manifest_named_before_is_not_new_when_it_grows(store: Store) -> None:
    folder = record(store, A, {"model.bin": b"old"})
    before = tip(store)
    both = [
        ArtifactEntry("model.bin", 3, digest_of(b"old")),
        ArtifactEntry("more.bin", 4, digest_of(b"more")),
    ]
    with store.change("more") as change:
        change.put(f"{folder}/artifacts.yaml", dump_manifest(both))
    assert new_since(store.repository.objects, tip(store), [before]).keys() == {digest_of(b"more")}


def test_a_logged_model_names_bytes_too(store: Store) -> None:
    published(store, a_run(A))
    folder = "runs/churn/2026-11-23/2/081502-m-0b7a3c55d8e94f6f9a1e2d3c4b5a6978"
    with store.change("a model") as change:
        entries = [ArtifactEntry("w.bin", 7, digest_of(b"weights"))]
        change.put(f"{folder}/artifacts.yaml", dump_manifest(entries))
    (found,) = named_by(store).values()
    assert found.run == "m-0b7a3c55d8e94f6f9a1e2d3c4b5a6978"


def test_a_manifest_that_cannot_be_read_hides_no_other(store: Store) -> None:
    record(store, A, {"model.bin": b"old"})
    folder = record(store, B, {"model.bin": b"new"})
    with store.change("broken") as change:
        change.put(f"{folder}/artifacts.yaml", b"artifacts: 7\n")
    found = new_since(store.repository.objects, tip(store), ())
    assert found.keys() == {digest_of(b"old")}
    with pytest.raises(Damaged, match=folder):
        named_by(store)


def test_the_cost_is_what_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        record(store, f"{number:016x}", {"model.bin": b"%d" % number})
    before = tip(store)
    record(store, A, {"model.bin": b"new"})
    after, objects, read = tip(store), store.repository.objects, list[Oid]()
    objects.forget()

    def counting(whole: Callable[[Oid], bytes]) -> Callable[[Oid], bytes]:
        def blob(oid: Oid) -> bytes:
            read.append(oid)
            return whole(oid)

        return blob

    monkeypatch.setattr(objects, "blob", counting(objects.blob))
    assert len(new_since(objects, after, [before])) == 1
    assert len(read) == 1
