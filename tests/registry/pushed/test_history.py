"""What a push adds, in steps, and what makes it no continuation."""

from __future__ import annotations

from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.oid import Oid
from mlgit.registry.pushed.history import (
    Step,
    begins_an_epoch,
    fresh,
    is_forced,
    other_roots,
    steps,
)
from mlgit.sharing.forget import Wanted, forget
from mlgit.store.store import Store
from tests.registry.gate.scene import commit


def made(store: Store, name: str, *parents: Oid) -> Oid:
    return commit(store, {f"{name}.txt": name.encode()}, *parents)


def test_each_commit_is_a_step(store: Store) -> None:
    objects, old = store.repository.objects, store.snapshot().commit
    one = made(store, "one", old)
    two = made(store, "two", one)
    assert steps(objects, old, two) == [Step(old, one), Step(one, two)]
    assert fresh(objects, old, two) == {one, two}
    assert steps(objects, two, two) == []
    assert steps(objects, None, two) == [Step(None, two)]


def test_what_was_made_apart_comes_in_one_step(store: Store) -> None:
    objects, base = store.repository.objects, store.snapshot().commit
    theirs, ours = made(store, "theirs", base), made(store, "ours", base)
    joined = made(store, "joined", ours, theirs)
    after = made(store, "after", joined)
    assert steps(objects, theirs, after) == [Step(theirs, joined), Step(joined, after)]
    assert steps(objects, ours, after) == [Step(ours, joined), Step(joined, after)]
    side = made(store, "side", base)
    landed = made(store, "landed", after, side)
    assert steps(objects, after, landed) == [Step(after, landed)]


def test_a_commit_that_is_not_above_the_old_one_takes_it_away(store: Store) -> None:
    objects, base = store.repository.objects, store.snapshot().commit
    one, two = made(store, "one", base), made(store, "two", base)
    assert is_forced(objects, one, two)
    assert not is_forced(objects, base, two)
    assert not is_forced(objects, None, two)


def test_every_root_but_the_one_of_all_stores_is_another_history(store: Store) -> None:
    objects, base = store.repository.objects, store.snapshot().commit
    assert other_roots(objects, fresh(objects, None, base)) == []
    assert ROOT_COMMIT in fresh(objects, None, base)
    from mlgit.git.commits import virtual_commit
    from mlgit.git.oid import COMMIT

    [root] = objects.write([(COMMIT, virtual_commit(store.snapshot().tree, (), 1))])
    joined = made(store, "joined", base, root)
    assert other_roots(objects, fresh(objects, base, joined)) == [root]


def test_an_epoch_forgets_more_than_the_one_before(store: Store) -> None:
    objects, base = store.repository.objects, store.snapshot().commit
    done = forget(store, Wanted(reason="short history"))
    assert begins_an_epoch(objects, base, done.commit)
    assert not begins_an_epoch(objects, done.commit, base)
    assert steps(objects, base, done.commit) == [Step(base, done.commit)]
    assert not begins_an_epoch(objects, base, made(store, "one", base))
    assert not begins_an_epoch(objects, done.commit, made(store, "two", ROOT_COMMIT))
    assert not begins_an_epoch(objects, done.commit, made(store, "three", done.commit))
