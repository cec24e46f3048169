"""Many objects kept together: all of them at the end, none before, nothing left after a failure."""

from __future__ import annotations

import stat
from io import BytesIO
from pathlib import Path

import pytest

from mlgit.artifacts import whole_disk
from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.intake import Intake
from mlgit.errors import Damaged

LARGE = 3 << 20


@pytest.fixture
def store(tmp_path: Path) -> ObjectCache:
    return ObjectCache(tmp_path / "objects")


def take(intake: Intake, data: bytes) -> str:
    return intake.take(BytesIO(data), len(data))[0]


def objects(store: ObjectCache) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


def test_what_is_taken_has_its_name_at_the_end_and_not_before(store: ObjectCache) -> None:
    with store.intake() as intake:
        taken = [take(intake, b"%d" % number) for number in range(50)]
        taken.append(take(intake, b"x" * LARGE))
        assert not any(map(store.has, taken))
    assert all(map(store.verify, taken))
    assert {stat.S_IMODE(path.stat().st_mode) for path in objects(store)} == {0o444}
    assert len(objects(store)) == len(taken)


@pytest.mark.parametrize("size", [5, LARGE])
def test_the_same_bytes_are_kept_once(store: ObjectCache, size: int) -> None:
    with store.intake() as intake:
        assert take(intake, b"x" * size) == take(intake, b"x" * size)
    (path,) = objects(store)
    before = path.stat().st_ino
    store.put_bytes(b"x" * size)
    assert [path.stat().st_ino for path in objects(store)] == [before]


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_failure_leaves_nothing_of_what_was_not_settled(store: ObjectCache, size: int) -> None:
    settled, lost, wrong = b"s" * size, b"l" * size, b"w" * size
    kept = []

    def fail() -> None:
        with store.intake() as intake:
            kept.append(take(intake, settled))
            intake.settle()
            take(intake, lost)
            intake.take(BytesIO(wrong), size, "0" * 64)

    with pytest.raises(Damaged):
        fail()
    assert [path.name for path in objects(store)] == kept


@pytest.mark.parametrize("most_waiting", [-1, 1 << 40])
def test_many_objects_are_whole_whichever_way_they_are_synced(
    store: ObjectCache, monkeypatch: pytest.MonkeyPatch, most_waiting: int
) -> None:
    monkeypatch.setattr(whole_disk, "_MOST_WAITING", most_waiting)
    with store.intake() as intake:
        kept = [intake.take(BytesIO(b"%d" % number), 3)[0] for number in range(100)]
    assert all(store.verify(sha256) for sha256 in kept)
    assert list(store.root.glob("tmp/*")) == []
