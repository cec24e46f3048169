"""Bundles go as objects do: aside, then away; one with a named part is written anew before."""

from __future__ import annotations

import pytest

from mlgit.artifacts.bundles.archive import bundle_at
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.store import Store
from tests.holdings.gc.kit import cache, record
from tests.holdings.gc.sharing import Aged, Clone, bundle, clean, digests, expire


def bundles(remote: Aged, under: str = "bundles") -> list[str]:
    found = [key.name.removeprefix("trash/").partition("bundles/") for key in remote.keys(under)]
    return sorted(bundle_at(f"{folder}{rest}") for _, folder, rest in found if folder)


def test_without_a_named_part_it_goes_in_two_steps(ours: Store, remote: Aged) -> None:
    _, dead = bundle(ours, remote, 0, 3)
    (name,) = bundles(remote)
    assert digests(clean(ours, remote).plan.young) == [name]
    remote.age()
    (found,) = clean(ours, remote, delete=False).plan.unnamed
    assert (found.sha256, found.dead) == (name, 330_000)
    assert bundles(remote) == [name]
    clean(ours, remote)
    assert (bundles(remote), bundles(remote, "trash")) == ([], [name])
    assert not any(map(remote.has, dead))
    assert digests(clean(ours, remote).plan.waiting) == [name]
    expire(remote)
    done = clean(ours, remote).done
    assert done is not None
    assert digests(done.removed) == [name]
    assert not list(remote.keys("trash"))


def test_with_a_named_part_it_is_written_anew(ours: Store, remote: Aged) -> None:
    live, dead = bundle(ours, remote, 2, 2)
    (name,) = bundles(remote)
    remote.age()
    (found,) = clean(ours, remote, delete=False).plan.mixed
    assert (found.sha256, found.dead) == (name, 220_000)
    done = clean(ours, remote).done
    assert done is not None
    assert digests(done.aside) == [name]
    (new,) = bundles(remote)
    assert new != name
    assert remote.open_bundle(new).keys() == set(live)
    assert all(map(remote.verify, live))
    assert not any(map(remote.has, dead))
    assert digests(clean(ours, remote).plan.waiting) == [name]  # what is named is elsewhere
    expire(remote)
    clean(ours, remote)
    assert (bundles(remote), bundles(remote, "trash")) == ([new], [])
    assert all(map(remote.verify, live))


def test_all_of_it_named_it_stays(ours: Store, remote: Aged) -> None:
    live, _ = bundle(ours, remote, 3, 0)
    remote.age()
    found = clean(ours, remote).plan
    assert bundles(remote) == [one.sha256 for one in found.named if one.members]
    assert all(map(remote.verify, live))


@pytest.mark.parametrize("live", [0, 2])
def test_a_part_that_is_named_again_brings_it_back(
    ours: Store, remote: Aged, clone: Clone, live: int
) -> None:
    named, (dead, _) = bundle(ours, remote, live, 2)
    (name,) = bundles(remote)
    remote.age()
    clean(ours, remote)
    assert not remote.has(dead)
    record(ours, cache(ours).path(dead).read_bytes())
    sync(ours, transport_of(ours))
    other = clone("other")
    assert digests(clean(other, remote, delete=False).plan.back) == [name]
    expire(remote)
    done = clean(other, remote).done
    assert done is not None
    assert digests(done.back) == [name]
    assert name in bundles(remote)
    assert all(map(remote.verify, [*named, dead]))


def test_one_that_is_the_last_to_hold_a_named_part_is_not_removed(
    ours: Store, remote: Aged
) -> None:
    live, _ = bundle(ours, remote, 2, 1)
    (name,) = bundles(remote)
    remote.age()
    clean(ours, remote)
    expire(remote)
    (new,) = bundles(remote)
    data = bytearray(remote.read(f"bundles/{new}.zip"))
    data[1000] ^= 1  # the listing is as before
    remote.write(f"bundles/{new}.zip", bytes(data))
    done = clean(ours, remote).done
    assert done is not None
    assert digests(done.removed) == []
    assert bundles(remote, "trash") == [name]
    remote.remove(f"bundles/{new}.zip")
    clean(ours, remote)
    assert bundles(remote) == [name]
    assert all(map(remote.verify, live))


def test_one_that_cannot_be_read_stays(ours: Store, remote: Aged) -> None:
    bundle(ours, remote, 0, 2)
    (name,) = bundles(remote)
    data = remote.read(f"bundles/{name}.zip")
    remote.write(f"bundles/{name}.zip", data[:-1])
    remote.age()
    clean(ours, remote)
    assert bundles(remote) == [name]


def test_a_damaged_named_part_keeps_all_of_it(ours: Store, remote: Aged) -> None:
    bundle(ours, remote, 2, 2)
    (name,) = bundles(remote)
    data = bytearray(remote.read(f"bundles/{name}.zip"))
    data[1000] ^= 1
    remote.write(f"bundles/{name}.zip", bytes(data))
    remote.age()
    clean(ours, remote)
    assert bundles(remote) == [name]
