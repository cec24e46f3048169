"""What was planted on a remote or in a clone is found, named and repaired from another copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.transfer.values import Wanted
from mlgit.holdings.named import Named, named_by
from mlgit.holdings.remotes import add_remote, open_trusted
from mlgit.holdings.repair import repair
from mlgit.holdings.upload import share
from mlgit.holdings.verify import HERE, Trouble, verify_here, verify_remotes
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record

ID = "9f3c000000000001"
DATA, OTHER = b"weights" * 1000, b"optimizer" * 1000
DIGEST = digest_of(DATA)


@pytest.fixture
def shelves(store: Store, tmp_path: Path) -> list[ObjectCache]:
    """Two folders that are remotes of the store, each with all artifacts of a run."""
    record(store, ID, {"model.bin": DATA, "optimizer.bin": OTHER})
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        add_remote(store, name, str(tmp_path / name))
        share(store, wanted(store), open_trusted(store, [name]))
    return [ObjectCache(tmp_path / "first"), ObjectCache(tmp_path / "second")]


def named(store: Store) -> list[Named]:
    return list(named_by(store).values())


def wanted(store: Store) -> list[Wanted]:
    return [Wanted(one.sha256, one.size) for one in named(store)]


def damage(place: ObjectCache, data: bytes) -> None:
    path = place.path(DIGEST)
    path.chmod(0o644)
    path.write_bytes(data)


def lose(place: ObjectCache) -> None:
    place.path(DIGEST).unlink()


def ask(store: Store, copies: int = 1, *, deep: bool = False) -> list[tuple[str, str, str]]:
    found = verify_remotes(store, open_trusted(store), named(store), copies, deep=deep)
    return [(one.named.path, one.place, one.problem) for one in found]


def holders(store: Store, data: bytes) -> list[str]:
    """The remotes that show these bytes with their size."""
    shown = {digest_of(data): len(data)}
    return [one.name for one in open_trusted(store) if one.sizes(list(shown)) == shown]


def fix(store: Store, troubles: list[Trouble]) -> list[str]:
    return [str(one.problem or "") for one in repair(store, troubles, open_trusted(store))]


@pytest.mark.usefixtures("shelves")
def test_all_is_well(store: Store) -> None:
    assert ask(store, 2, deep=True) == []
    assert verify_here(store, named(store)) == []
    assert [holders(store, data) for data in (DATA, OTHER)] == [["first", "second"]] * 2


def test_a_flipped_byte_is_found_by_reading_a_lost_one_by_asking(
    store: Store, shelves: list[ObjectCache]
) -> None:
    damage(shelves[0], b"W" + DATA[1:])
    assert ask(store) == []
    assert ask(store, deep=True) == [("model.bin", "first", "damaged")]
    damage(shelves[0], DATA[:-1])
    assert ask(store) == [("model.bin", "first", "damaged")]
    assert holders(store, DATA) == ["second"]
    lose(shelves[0])
    assert ask(store) == []
    assert ask(store, 2) == [("model.bin", "first", "missing")]
    lose(shelves[1])
    assert ask(store) == [("model.bin", "first", "missing"), ("model.bin", "second", "missing")]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_remote_is_repaired_from_here_or_from_the_other_remote(
    store: Store, shelves: list[ObjectCache], keeps: bool
) -> None:
    if not keeps:
        lose(ObjectCache(store.data / "objects"))
    damage(shelves[0], DATA[:-1] + b"!")
    word = shelves[0].root / "roots" / f"{store.writer}.json"
    word.unlink()
    found = verify_remotes(store, open_trusted(store), named(store), 1, deep=True)
    assert fix(store, found) == [""]
    assert word.exists()
    assert ask(store, 2, deep=True) == []
    assert shelves[0].verify(DIGEST)


@pytest.mark.parametrize("copy", [b"", b"spoiled", DATA + b"more"])
def test_a_clone_is_repaired_from_a_remote(
    store: Store, shelves: list[ObjectCache], copy: bytes
) -> None:
    ours = ObjectCache(store.data / "objects")
    damage(ours, copy)
    damage(shelves[0], b"spoiled, too")
    found = verify_here(store, named(store))
    assert [(one.place, one.problem) for one in found] == [(HERE, "damaged")]
    assert fix(store, found) == [""]
    assert ours.verify(DIGEST)


def test_what_nobody_has_whole_stays_in_trouble_and_nothing_is_deleted(
    store: Store, shelves: list[ObjectCache]
) -> None:
    ours = ObjectCache(store.data / "objects")
    for place in (ours, *shelves):
        damage(place, b"spoiled")
    found = verify_here(store, named(store))
    assert "no whole copy" in fix(store, found)[0]
    assert [place.path(DIGEST).read_bytes() for place in (ours, *shelves)] == [b"spoiled"] * 3


def test_without_remotes_what_is_not_here_is_missing(store: Store) -> None:
    record(store, ID, {"model.bin": DATA}, keep=False)
    (found,) = verify_here(store, named(store))
    assert (found.place, found.problem) == (HERE, "missing")
