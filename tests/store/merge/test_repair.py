# ruff: noqa: F811 - the fixture is also the name of an argument
"""The repair of merges by others ends whatever they hold, and ends once."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.git.commits import virtual_commit
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, Oid
from mlgit.store.merge.foreign import needed_repair
from tests.store.merge import worlds
from tests.store.merge.test_laws import objects, stored  # noqa: F401 - a fixture
from tests.store.merge.test_plain_git import _PAST, Three, worlds_apart

_WRONG = (
    b"",
    b"<<<<<<< a\nformat: 1\n=======\nformat: 2\n>>>>>>> b\n",
    b"format: 1\n",
    b"\xff\x00",
    b"format: 9\n",
    b"[]\n",
    b"format: 1\nid: x\npurged:\n  at: 1\n",
    b"format: 1\nartifacts: 5\n",
    b"format: 1\nsides: []\n",
    b"a: {b: [1}\n",
    b"format: 1\nuid: 5\nsides:\n  - 1\n  - 2\n",
)


def committed(objects: Objects, tree: Oid, *parents: Oid) -> Oid:
    return objects.write([(COMMIT, virtual_commit(tree, parents, 0))], durable=False)[0]


def spoil(files: dict[str, bytes], chance: random.Random) -> None:
    """Lose or break up to two files."""
    for path in chance.sample(sorted(files), min(len(files), chance.randint(0, 2))):
        if chance.random() < 0.3:
            del files[path]
        else:
            files[path] = chance.choice(_WRONG)


def require_an_end(objects: Objects, three: Three, chance: random.Random) -> None:
    past, *apart = three
    base = worlds.played(worlds.BASE, _PAST + past, "aaaaaaaaaa")
    pairs = zip(apart, worlds.WRITERS, strict=True)
    ours, theirs = (dict(worlds.played(base, steps, writer)) for steps, writer in pairs)
    merged = {**ours, **theirs}
    later = dict(merged)
    for files in (ours, theirs, merged, later):
        spoil(files, chance)
    root = committed(objects, stored(objects, base))
    sides = [committed(objects, stored(objects, files), root) for files in (ours, theirs)]
    tip = committed(
        objects, stored(objects, later), committed(objects, stored(objects, merged), *sides)
    )
    repair = needed_repair(objects, tip)
    objects.write(repair.objects, durable=False)
    assert needed_repair(objects, committed(objects, repair.tree, tip)).paths == {}


@given(worlds_apart, st.randoms(use_true_random=False))
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_repaired_store_needs_no_repair(
    objects: Objects,
    three: Three,
    chance: random.Random,
) -> None:
    require_an_end(objects, three, chance)


@pytest.mark.full
@pytest.mark.timeout(1800)
@given(worlds_apart, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=2000)
def test_thousands_that_were_repaired_need_none(
    objects: Objects,
    three: Three,
    chance: random.Random,
) -> None:
    require_an_end(objects, three, chance)
