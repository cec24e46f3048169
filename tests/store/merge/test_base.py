"""Clones that pull from each other crosswise: what was decided stays so, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlgit.git.commits import ROOT_OBJECTS, virtual_commit
from mlgit.git.edits import apply_edits
from mlgit.git.history import merge_bases
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, Oid, object_id
from mlgit.git.tree import lookup
from mlgit.records import text
from mlgit.store.merge import base
from mlgit.store.merge.base import common_base, tree_of
from mlgit.store.merge.trees import merge_trees
from tests.support.repos import make_repo

HUB, CLONES = 0, (1, 2, 3)
VERSIONS = "registry/models/churn/versions"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    made = Objects(make_repo(tmp_path_factory.mktemp("base") / "project") / ".git" / "objects")
    made.write(ROOT_OBJECTS, durable=False)
    yield made
    made.close()


class Team:
    """A hub and three clones; a setting that they write, and versions that they register.

    Every value that is written is a new one, so it is known which of them somebody has replaced.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.heads = dict.fromkeys((HUB, *CLONES), self.commit({"mlgit.yaml": {"format": 1}}, ()))
        self.hub_as_known = dict(self.heads)
        self.seen: dict[int, frozenset[int]] = dict.fromkeys(self.heads, frozenset())
        self.replaced: dict[int, frozenset[int]] = {}
        self.landed: dict[int, str] = {}
        self.registered: dict[int, frozenset[str]] = dict.fromkeys(self.heads, frozenset())
        self._numbers = count(1)

    def commit(self, docs: dict[str, Any], parents: tuple[Oid, ...]) -> Oid:
        before = self.objects.commit(parents[0]).tree if parents else None
        edits = {path: text.dump(doc) for path, doc in docs.items()}
        tree, made = apply_edits(self.objects, before, edits)
        return self.land(tree, made, parents)

    def land(self, tree: Oid, made: list[tuple[int, bytes]], parents: tuple[Oid, ...]) -> Oid:
        data = virtual_commit(tree, parents, 1_700_000_000)
        self.objects.write([*made, (COMMIT, data)], durable=False)
        return object_id(COMMIT, data)

    def write(self, clone: int) -> None:
        value = next(self._numbers)
        doc = {"format": 1, "limits": {"patch": value}}
        self.heads[clone] = self.commit({"mlgit.yaml": doc}, (self.heads[clone],))
        self.replaced[value] = self.seen[clone]
        self.seen[clone] |= {value}

    def register(self, clone: int) -> None:
        number, uid = max(self.versions(clone), default=0) + 1, f"u{next(self._numbers):03}"
        doc = {"format": 1, "uid": uid, "status": "READY", "created": "2026-11-23"}
        path = f"{VERSIONS}/{number}.yaml"
        self.heads[clone] = self.commit({path: doc}, (self.heads[clone],))
        self.registered[clone] |= {uid}

    def pull(self, clone: int, other: int) -> None:
        if other == HUB:
            self.hub_as_known[clone] = self.heads[HUB]
        self.heads[clone] = self.joined(clone, self.heads[clone], self.heads[other])
        self.seen[clone] |= self.seen[other]
        self.registered[clone] |= self.registered[other]

    def push(self, clone: int) -> None:
        self.pull(clone, HUB)
        self.heads[HUB] = self.hub_as_known[clone] = self.heads[clone]
        self.seen[HUB], self.registered[HUB] = self.seen[clone], self.registered[clone]
        now = self.versions(HUB)
        assert {number: now[number] for number in self.landed} == self.landed
        self.landed = now

    def joined(self, clone: int, ours: Oid, theirs: Oid) -> Oid:
        bases = merge_bases(self.objects, ours, theirs)
        if bases == [ours]:
            return theirs
        past = common_base(self.objects, bases)
        one, two = (tree_of(self.objects, head) or b"" for head in (ours, theirs))
        landed = tree_of(self.objects, self.hub_as_known[clone])
        found = merge_trees(past.objects, past.tree, one, two, landed=landed)
        mirrored = merge_trees(past.objects, past.tree, two, one, landed=landed)
        assert found.tree == mirrored.tree
        if bases == [theirs] and found.tree == one:
            return ours
        parents = (ours,) if bases == [theirs] else (theirs, ours)
        return self.land(found.tree, found.objects, parents)

    def setting(self, clone: int) -> Any:
        return self.read(clone, "mlgit.yaml").get("limits", {}).get("patch")

    def versions(self, clone: int) -> dict[int, str]:
        folder = lookup(self.objects, tree_of(self.objects, self.heads[clone]), VERSIONS)
        names = self.objects.tree(folder.oid) if folder else {}
        numbers = sorted(int(name.decode().removesuffix(".yaml")) for name in names)
        return {
            number: str(self.read(clone, f"{VERSIONS}/{number}.yaml")["uid"]) for number in numbers
        }

    def read(self, clone: int, path: str) -> dict[str, Any]:
        entry = lookup(self.objects, tree_of(self.objects, self.heads[clone]), path)
        return text.load(self.objects.blob(entry.oid)) if entry else {}

    def require_sound(self, clone: int) -> None:
        """What nobody has replaced is there, and nothing else."""
        seen = self.seen[clone]
        gone = frozenset[int]().union(*(self.replaced[value] for value in seen))
        now = self.setting(clone)
        held = now["sides"] if isinstance(now, dict) else [now] if now else []
        assert sorted(held) == sorted(seen - gone)
        assert sorted(self.versions(clone).values()) == sorted(self.registered[clone])


_clone = st.sampled_from(CLONES)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _clone),
        st.tuples(st.just("register"), _clone),
        st.tuples(st.just("pull"), _clone, st.sampled_from((HUB, *CLONES))),
        st.tuples(st.just("pull"), _clone, st.sampled_from(CLONES)),
        st.tuples(st.just("push"), _clone),
    ),
    max_size=24,
)
CROSSING = [("write", 1), ("write", 2), ("pull", 3, 2), ("pull", 2, 1), ("pull", 1, 3)]


@given(_steps)
@example([*CROSSING, ("write", 1), ("pull", 1, 2)])
@example([*CROSSING, ("write", 2), ("pull", 1, 2)])
@settings(deadline=None, max_examples=100)
def test_crossing_pulls_keep_what_was_decided(objects: Objects, steps: list[Any]) -> None:
    team = Team(objects)
    for name, clone, *others in steps:
        getattr(team, name)(clone, *others)
        team.require_sound(clone)
    for clone in CLONES:
        team.push(clone)
        team.require_sound(clone)


def test_where_a_base_would_take_too_long_nothing_is_lost(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_MOST", 2)
    team = Team(objects)
    for _ in range(6):
        for clone in (1, 2):
            team.write(clone)
        heads = dict(team.heads)
        team.heads[1] = team.joined(1, heads[1], heads[2])
        team.heads[2] = team.joined(2, heads[2], heads[1])
    last = {number for number in team.replaced if number > 10}
    assert set(team.setting(1)["sides"]) >= last
    assert team.setting(1) == team.setting(2)
