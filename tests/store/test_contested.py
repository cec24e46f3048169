"""Values in conflict: found wherever a merge left one, decided once for everybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.errors import InvalidState, InvalidValue
from mlgit.records import layout, text
from mlgit.records.artifact import load_manifest
from mlgit.records.hand_written import rewritten
from mlgit.records.run import Run
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import sync
from mlgit.store.contested import contested, contested_in
from mlgit.store.origin import origins
from mlgit.store.resolve import resolve
from mlgit.store.store import Store
from tests.sharing.conftest import clone, remote  # noqa: F401 - fixtures
from tests.sharing.test_sync import tree
from tests.store.merge import worlds
from tests.support.repos import git

Clone = Callable[[str], Store]
Two = tuple[Store, Store]
RUN = worlds.folder_of(worlds.IDS[0])
ALIAS = f"{worlds.MODEL}/aliases/production.yaml"
PAST = [worlds.publish(worlds.IDS[0]), worlds.register("a1", 1), worlds.register("c1", 1)]


def play(store: Store, *steps: worlds.Step) -> None:
    snapshot = store.snapshot()
    before = {
        one.path: snapshot.blob(one.new.oid) for one in snapshot.changes_since(None) if one.new
    }
    after = worlds.played(before or worlds.BASE, list(steps), store.writer)
    with store.change("test: steps") as change:
        for path, data in after.items():
            if before.get(path) != data:
                change.put(path, data)


def put(path: str, doc: dict[str, object]) -> worlds.Step:
    return lambda files, _: {**files, path: text.dump(doc)}


def alias(number: int, uid: str, at: int) -> worlds.Step:
    doc = {"format": 1, "alias": "production", "version": number, "uid": uid}
    doc.update(at=f"2026-11-23T08:00:0{at}.000Z", by="5be09f3d61")
    return put(ALIAS, doc)


def param(value: str) -> worlds.Step:
    def change(run: Run, _: object) -> Run:
        return run._replace(params={**run.params, "p": value})

    return worlds.edit(worlds.IDS[0], 1, change)


@pytest.fixture
def two(clone: Clone) -> Two:  # noqa: F811
    one = clone("one")
    play(one, lambda files, _: {**worlds.BASE, **files}, *PAST)
    sync(one, transport_of(one))
    other = clone("other")
    sync(other, transport_of(other))
    return one, other


def apart(two: Two, ours: list[worlds.Step], theirs: list[worlds.Step]) -> None:
    play(two[0], *ours)
    play(two[1], *theirs)
    together(two)


def together(two: Two) -> None:
    for store in (*two, two[0]):
        sync(store, transport_of(store))
    assert tree(two[0]) == tree(two[1])


EVERYTHING = (
    [param("1"), worlds.limit(1), alias(1, "a1", 1), worlds.add_artifact(worlds.IDS[0], "m", b"1")],
    [param("2"), worlds.limit(2), alias(2, "c1", 2), worlds.add_artifact(worlds.IDS[0], "m", b"2")],
)


def test_every_kind_is_found_in_both_clones(two: Two) -> None:
    apart(two, *EVERYTHING)
    found = contested(two[0])
    assert {(one.path, one.keys) for one in found} == {
        ("mlgit.yaml", ("limits", "patch")),
        (ALIAS, ()),
        (f"{RUN}/run.yaml", ("params", "p")),
        (f"{RUN}/artifacts.yaml", ("artifacts", "m")),
    }
    assert contested(two[1]) == found


def test_what_is_remembered_agrees_with_looking_at_every_file(two: Two) -> None:
    apart(two, *EVERYTHING)
    for store in two:
        snapshot = store.snapshot()
        files = [one.path for one in snapshot.changes_since(None)]
        scanned = [one for path in sorted(files) for one in contested_in(snapshot, path)]
        assert contested(store) == scanned
        (store.cache / "contested.txt").unlink()
        assert contested(store) == scanned
        (store.cache / "contested.txt").write_text("0" * 40 + "\nno/such\n")
        assert contested(store) == scanned


def test_a_later_conflict_is_found_from_what_changed(two: Two) -> None:
    assert contested(two[0]) == []
    apart(two, [param("1")], [param("2")])
    [one] = contested(two[0])
    resolve(two[0], one, one.sides[0])
    assert contested(two[0]) == []


@pytest.mark.parametrize("rank", [0, 1])
def test_all_are_decided_and_both_clones_agree(two: Two, rank: int) -> None:
    apart(two, *EVERYTHING)
    for one in contested(two[0]):
        resolve(two[0], one, one.sides[rank])
    together(two)
    for store in two:
        snapshot = store.snapshot()
        assert contested(store) == []
        assert snapshot.run(RUN).params["p"] == ("1", "2")[rank]
        assert snapshot.settings().limits.patch == rank + 1
        assert text.load(snapshot.read(ALIAS) or b"")["uid"] == ("a1", "c1")[rank]
        [entry] = load_manifest(snapshot.read(f"{RUN}/{layout.ARTIFACTS}") or b"")
        names = snapshot.names(f"{RUN}/files")
        assert entry.inline.removeprefix("files/") in names
        assert len(names) == 1


def test_decided_apart_the_same_is_decided_and_otherwise_open_again(two: Two) -> None:
    apart(two, [worlds.limit(1), param("1")], [worlds.limit(2), param("2")])
    for store, rank in zip(two, (0, 1), strict=True):
        setting, run = contested(store)
        resolve(store, setting, 5)
        resolve(store, run, run.sides[rank])
    together(two)
    [left] = contested(two[0])
    assert left.keys == ("params", "p")
    assert two[0].settings.limits.patch == 5


def test_who_gave_each_side_is_found(two: Two) -> None:
    apart(two, *EVERYTHING)
    snapshot = two[0].snapshot()
    made = {
        git(
            store.repository.git_dir, "log", "--format=%H", "--grep=test: steps", "-n2", "mlgit"
        ).stdout.split()[0]
        for store in two
    }
    for one in contested(two[0]):
        found = origins(snapshot.objects, snapshot.commit, one)
        assert len({origin.commit for origin in found}) == 2, one
        assert {origin.by for origin in found} == {"Ada Tester"}
    assert made


def test_another_value_is_written_only_where_it_can_stand(two: Two) -> None:
    apart(two, [worlds.limit(1)], [worlds.limit(2)])
    [one] = contested(two[0])
    with pytest.raises(InvalidValue, match="whole number"):
        resolve(two[0], one, "much")
    resolve(two[0], one, 3)
    assert two[0].settings.limits.patch == 3
    with pytest.raises(InvalidState, match="meanwhile"):
        resolve(two[0], one, 1)


def test_comments_and_order_of_a_file_written_by_hand_stay() -> None:
    data = b"""# ours
format: 1
limits:   # agreed in May
  patch:
    sides:
      - 1
      - 2
  inline_file: 5  # small
capture: {host: false}
"""

    def edit(doc: object) -> None:
        assert isinstance(doc, dict)
        doc["limits"]["patch"] = 2

    changed = rewritten(data, edit)
    assert text.load(changed)["limits"] == {"patch": 2, "inline_file": 5}
    assert changed.startswith(b"# ours\nformat: 1\nlimits:")
    assert b"# agreed in May" in changed
    assert b"inline_file: 5  # small" in changed


def test_a_text_that_would_be_read_otherwise_is_written_as_ours() -> None:
    data = b"# mine\nformat: 1\nparams:\n  p: 1\n"

    def edit(doc: object) -> None:
        assert isinstance(doc, dict)
        doc["params"]["p"] = 1e-05

    assert text.load(rewritten(data, edit))["params"] == {"p": 1e-05}


def test_a_store_that_is_read_only_still_tells(two: Two, tmp_path: Path) -> None:
    apart(two, [worlds.limit(1)], [worlds.limit(2)])
    two[0].cache = tmp_path / "none" / "such"
    assert len(contested(two[0])) == 1
