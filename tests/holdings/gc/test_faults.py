"""Cleaning up a remote that goes wrong: nothing that is named is lost, whatever fails or lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

import pytest

from mlgit.errors import MlgitError, RemoteFailed, Unsupported
from mlgit.holdings.named import named_by
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.holdings.gc.kit import cache, record
from tests.holdings.gc.sharing import (
    FOLDERS,
    Clone,
    Dying,
    Killed,
    bundle,
    clean,
    digests,
    expire,
    faulty_remote,
    put,
    send,
    share,
    stored,
)
from tests.support.faulty import LIST, LOOK, READ, REMOVE, WRITE, Faults

_MODES = {
    WRITE: ("lie", "truncate", "flip", "fail", "reply lost", "full", "refuse"),
    READ: ("truncate", "flip", "fail", "break off", "refuse"),
    LOOK: ("fail", "stale", "refuse"),
    REMOVE: ("fail",),
}
FAULTS = [(on, mode) for on, modes in _MODES.items() for mode in modes]


class World:
    """A clone, a remote with faults, and what is really there."""

    def __init__(self, store: Store) -> None:
        self.store, self.faults = store, Faults()
        self.root = f"/faulty-{store.writer}"
        self.remote, self.raw = faulty_remote(self.root, self.faults)

    def begin(self, on: str, mode: str, chance: float = 1.0) -> None:
        self.faults.on, self.faults.mode, self.faults.chance = on, mode, chance

    def listed(self) -> dict[str, object]:
        """What listings show at this moment."""
        for folder in FOLDERS:
            list(self.remote.keys(folder))
        return dict(self.remote.fs._seen)

    def list_as(self, listed: dict[str, object]) -> None:
        """From now on listings show what they showed then."""
        self.remote.fs._seen = dict(listed)
        self.begin(LIST, "stale")

    def end(self) -> None:
        self.faults.mode = ""

    def try_clean(self) -> bool:
        """Whether a clean-up came to its end."""
        with suppress(MlgitError):
            clean(self.store, self.remote)
            return True
        return False


@pytest.fixture
def world(clone: Clone) -> World:
    return World(clone("ours"))


def _scene(world: World) -> tuple[str, str]:
    """(dead, back): bytes to put aside, and named ones that were put aside; all else is named."""
    store, remote = world.store, world.remote
    for _ in range(2):
        record(store)
    share(store, remote)
    dead = put(remote, store)
    back = min(named_by(store))
    home = f"sha256/{back[:2]}/{back[2:4]}/{back}"
    remote.move(home, f"trash/2020-01-01/{home}")
    bundle(store, remote, 2, 2)
    bundle(store, remote, 0, 2)
    remote.age()
    clean(store, remote, delete=False)  # what a stale listing will show
    return dead, back


@pytest.mark.parametrize(("on", "mode"), FAULTS)
def test_a_fault_loses_nothing_and_the_next_clean_up_goes_on(
    world: World, on: str, mode: str
) -> None:
    dead, _ = _scene(world)
    world.begin(on, mode)
    world.try_clean()
    world.end()
    assert dead in _somewhere(world)
    _goes_on(world)
    assert not world.remote.has(dead)


@pytest.mark.parametrize("step", range(11))
def test_killed_between_any_two_changes_nothing_is_lost(world: World, step: int) -> None:
    _scene(world)
    world.remote.fs.faults = dying = Dying(step)
    with suppress(Killed):
        clean(world.store, world.remote)
    assert (dying.left < 0) == (step < 10)  # else it came to its end
    world.remote.fs.faults = world.faults
    _goes_on(world)
    expire(world.remote)
    _goes_on(world)


@pytest.mark.parametrize("seed", range(6))
def test_faults_at_random_lose_nothing(world: World, seed: int) -> None:
    world.faults = Faults(seed=seed)
    _scene(world)
    world.begin("any", "random", 0.1)
    for _ in range(5):
        world.try_clean()
    world.end()
    _goes_on(world)


def test_a_listing_that_shows_what_is_gone(world: World) -> None:
    dead, _ = _scene(world)
    listed = world.listed()
    world.raw.rm_file(f"{world.root}/sha256/{dead[:2]}/{dead[2:4]}/{dead}")
    world.list_as(listed)
    done = clean(world.store, world.remote).done
    assert done is not None
    assert dead not in digests(done.aside)


def test_a_listing_that_misses_what_is_new(world: World) -> None:
    _scene(world)
    listed = world.listed()
    _, digest = record(world.store)
    share(world.store, world.remote)
    late = put(world.remote, world.store)
    world.remote.age()
    world.list_as(listed)
    assert late not in digests(clean(world.store, world.remote).plan.unnamed)
    world.end()
    assert world.remote.verify(digest)
    assert world.remote.has(late)
    clean(world.store, world.remote)
    assert world.remote.verify(digest)
    assert not world.remote.has(late)


def test_a_listing_that_misses_the_word_of_others_stops_nothing_young(
    world: World, clone: Clone
) -> None:
    _scene(world)
    listed, theirs = world.listed(), clone("theirs")
    _, digest = record(theirs)
    send(theirs, world.remote, digest)
    world.list_as(listed)
    world.try_clean()
    world.end()
    assert world.remote.verify(digest)
    with pytest.raises(Unsupported, match="is used by"):
        clean(world.store, world.remote)


def test_an_empty_listing_is_a_doubt(world: World) -> None:
    record(world.store)
    listed = world.listed()
    share(world.store, world.remote)
    put(world.remote, world.store)
    world.remote.age()
    before = _somewhere(world)
    world.list_as(listed)
    with pytest.raises(Unsupported, match="lists nothing"):
        clean(world.store, world.remote)
    assert _somewhere(world) == before


def test_a_place_that_does_not_show_what_was_written_is_a_doubt(world: World) -> None:
    dead, _ = _scene(world)
    world.raw.rm_file(f"{world.root}/roots/{world.store.writer}.json")
    put_aside = [key.name for key in world.remote.keys("trash")]
    world.begin(WRITE, "lie")
    with pytest.raises(RemoteFailed, match="does not show"):
        clean(world.store, world.remote)
    assert world.remote.has(dead)
    assert [key.name for key in world.remote.keys("trash")] == put_aside


def test_what_is_expired_goes_only_when_nothing_failed(world: World) -> None:
    dead, _ = _scene(world)
    clean(world.store, world.remote)
    expire(world.remote)
    world.begin(LOOK, "fail")
    assert not world.try_clean()
    assert dead in _somewhere(world)


def _goes_on(world: World) -> None:
    """After a clean-up that nothing disturbs all that is named is there, and nothing else."""
    clean(world.store, world.remote)
    named = named_by(world.store)
    assert all(map(world.remote.verify, named))
    assert stored(world.remote) == named.keys()


def _somewhere(world: World) -> set[str]:
    """The digests of all objects that are really there, whole, at home or aside."""
    found = world.raw.find(world.root)
    names = {str(path).rpartition("/")[2]: bytes(world.raw.cat_file(path)) for path in found}
    return {name for name, data in names.items() if sha256(data).hexdigest() == name}


class Meanwhile(Faults):
    """At the first removal something else is done before."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act: Callable[[], object] | None = act

    def strike(self, kind: str) -> str:
        act = self.act
        if kind == REMOVE and act is not None:
            self.act = None
            act()
        return ""


def test_two_clean_ups_at_once_leave_one_copy_of_what_was_named_meanwhile(
    world: World, clone: Clone
) -> None:
    record(world.store)
    share(world.store, world.remote)
    theirs, data = clone("theirs"), os.urandom(150_000)
    digest, _ = cache(theirs).put_bytes(data)
    world.remote.put(digest, cache(theirs).path(digest))
    world.remote.age()

    def name_and_clean() -> None:  # the copy aside is there, the other one not yet gone
        record(theirs, data)
        sync(theirs, transport_of(theirs))
        clean(theirs, world.remote)

    world.remote.fs.faults = Meanwhile(name_and_clean)
    clean(world.store, world.remote)
    assert world.remote.verify(digest)


def test_two_clean_ups_do_the_same_work_once(world: World, clone: Clone) -> None:
    dead, _ = _scene(world)
    other = clone("other")
    world.remote.fs.faults = Meanwhile(lambda: clean(other, world.remote))
    clean(world.store, world.remote)
    _goes_on(world)
    assert not world.remote.has(dead)
