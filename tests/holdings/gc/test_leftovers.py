"""What transfers that were broken off have left behind goes, once nobody can be at it any more."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.artifacts.transfer.part import part_of
from mlgit.artifacts.transfer.values import Wanted
from mlgit.holdings.gc.clean import Cleaned
from mlgit.holdings.gc.plan import DAY
from mlgit.store.store import Store
from tests.holdings.gc import sharing
from tests.holdings.gc.kit import clean, record
from tests.holdings.gc.sharing import Aged, Clone, share

LOGGED = f"{'5' * 16}-17"
PART, OTHER_PART = f"{'a' * 64}.part", f"{'a' * 64}.{'b' * 16}.part"
SENT = "c" * 32
YOUNG = f"{'d' * 16}-1"


def leave(folder: Path, *names: str, days: int = 15) -> None:
    """Files in `tmp` that were written so long ago."""
    (folder / "tmp").mkdir(exist_ok=True, parents=True)
    then = time.time() - days * DAY
    for name in names:
        (folder / "tmp" / name).write_bytes(b"half")
        os.utime(folder / "tmp" / name, (then, then))


def names(found: Cleaned) -> list[str]:
    return sorted(one.key.name.removeprefix("tmp/") for one in found.leftovers)


def test_they_are_named_then_removed(store: Store) -> None:
    places = [store.data / "objects", store.cache / "objects"]
    leave(places[0], LOGGED, "of a user")
    leave(places[1], PART, OTHER_PART)
    leave(places[1], YOUNG, days=13)
    assert names(clean(store, later=0, delete=False)) == sorted([LOGGED, PART, OTHER_PART])
    assert names(clean(store, later=0)) == sorted([LOGGED, PART, OTHER_PART])
    left = [path.name for place in places for path in (place / "tmp").iterdir()]
    assert left == ["of a user", YOUNG]


def test_a_download_that_goes_on_keeps_its_file(store: Store) -> None:
    cache = ObjectCache(store.cache / "objects")
    with part_of(cache, Wanted("a" * 64, 100)) as part:
        part.append(b"some of it")
        part.file.flush()
        os.utime(cache.root / "tmp" / PART, (1_600_000_000, 1_600_000_000))
        assert names(clean(store)) == []
        assert (cache.root / "tmp" / PART).exists()
    os.utime(cache.root / "tmp" / PART, (1_600_000_000, 1_600_000_000))
    assert names(clean(store)) == [PART]


def test_those_of_a_folder_that_is_a_remote(clone: Clone, tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    made = open_remote("main", str(folder))
    assert isinstance(made, FsspecRemote)
    store, remote = clone("ours"), Aged(made)
    record(store)
    share(store, remote)
    leave(folder, SENT, "of a user", days=0)
    assert names(sharing.clean(store, remote)) == []
    remote.age()
    assert names(sharing.clean(store, remote, delete=False)) == [SENT]
    assert names(sharing.clean(store, remote)) == [SENT]
    assert [path.name for path in (folder / "tmp").iterdir()] == ["of a user"]
