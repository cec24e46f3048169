"""Entries of a run's artifacts: merged, selected, listed, and what of them fits in git."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.artifacts.manifest import Listed, Room, children, merge, select, used_files
from mlgit.errors import InvalidValue, NotFound
from mlgit.records.artifact import ArtifactEntry, Manifest, dump_manifest, load_manifest
from mlgit.records.settings import Limits


def entry(path: str, size: int = 1, inline: str = "") -> ArtifactEntry:
    return ArtifactEntry(path, size, f"{size:064x}", inline)


def test_the_last_entry_of_a_path_wins() -> None:
    merged = merge([entry("b", 1), entry("a", 1)], [entry("b", 2)])
    assert [(e.path, e.size) for e in merged] == [("a", 1), ("b", 2)]


def test_merging_keeps_what_a_newer_version_wrote_into_the_file() -> None:
    newer = load_manifest(b"format: 1\nsigned: true\n")
    assert b"signed: true" in dump_manifest(merge(newer, [entry("a")]))


def test_a_path_cannot_be_a_file_and_a_folder() -> None:
    with pytest.raises(InvalidValue, match="is a file"):
        merge([entry("a/b")], [entry("a")])
    assert [e.path for e in merge([entry("a.txt")], [entry("a/b")])] == ["a.txt", "a/b"]


def test_a_file_or_all_below_a_folder_is_selected() -> None:
    entries = [entry("a"), entry("ab"), entry("d/x"), entry("d/y/z")]
    assert select(entries, "a") == [entries[0]]
    assert select(entries, "d") == entries[2:]
    assert select(entries) == entries
    with pytest.raises(NotFound):
        select(entries, "d/y/zz")
    with pytest.raises(InvalidValue):
        select(entries, "../d")


def test_children_are_files_and_folders_of_one_level() -> None:
    entries = [entry("d/y/z", 3), entry("a", 1), entry("d/x", 2), entry("../evil", 9)]
    assert children(entries) == [Listed("a", False, 1), Listed("d", True)]
    assert children(entries, "d") == [Listed("d/x", False, 2), Listed("d/y", True)]
    assert children(entries, "a") == []
    assert children(entries, "nowhere") == []


def test_room_is_exact_to_the_byte_for_a_file_and_for_a_run() -> None:
    room = Room(Limits(inline_file=10, inline_run=25))
    assert room.fits("a", 10)
    assert not room.fits("a", 11)
    room.place(entry("a", 10))
    room.place(entry("b", 10))
    assert room.fits("c", 5)
    assert not room.fits("c", 6)


def test_replacing_or_moving_an_artifact_gives_its_room_back() -> None:
    room = Room(Limits(inline_file=10, inline_run=10), [entry("a", 10, "files/a")])
    assert not room.fits("b", 1)
    assert room.fits("a", 10)
    room.release("a")
    assert room.fits("b", 10)


def test_names_that_clash_on_some_file_system_are_kept_apart() -> None:
    room = Room(Limits())
    names = [room.place(entry(path, size)).inline for size, path in enumerate(["A.txt", "a.txt"])]
    assert names[0] == "files/A.txt"
    assert names[1].startswith("files/~")
    assert room.place(entry("A.txt", 7)).inline == "files/A.txt"


def test_bytes_that_no_entry_names_any_more_are_dropped() -> None:
    entries = merge([entry("a", 1, "files/~1")], [entry("a", 2, "files/~2")])
    assert used_files(entries, {"files/~1": b"1", "files/~2": b"2"}) == {"files/~2": b"2"}


PATHS = st.lists(st.sampled_from("abAB.- é"), min_size=1, max_size=3).map("".join)


@given(st.lists(st.tuples(PATHS, st.binary(max_size=6)), max_size=12))
def test_the_room_never_gives_one_name_to_two_contents(logged: list[tuple[str, bytes]]) -> None:
    from hashlib import sha256

    room = Room(Limits(inline_file=6, inline_run=30))
    kept: dict[str, ArtifactEntry] = {}
    for path, data in logged:
        if room.fits(path, len(data)):
            new = ArtifactEntry(path, len(data), sha256(data).hexdigest())
            kept[path] = room.place(new)
    inline = [(e.inline.lower(), e.sha256) for e in kept.values()]
    assert len({name for name, _ in inline}) == len(set(inline))
    assert sum(e.size for e in kept.values()) <= 30
    assert isinstance(merge(kept.values()), Manifest)


def test_a_run_lists_no_more_than_is_read_again() -> None:
    room = Room(Limits(), [entry(f"{number:06d}.bin") for number in range(100_000)])
    room.enlist([f"{number:06d}.bin" for number in range(110_000)])
    with pytest.raises(InvalidValue, match="artifacts are more than one run can list"):
        room.enlist([f"x{number:06d}.bin" for number in range(10_000)])


def test_a_list_that_was_let_in_can_be_written() -> None:
    room = Room(Limits(inline_file=0))
    paths = [f"{number:05d}/{'long' * 200}" for number in range(20_000)]
    fits = max(count for count in range(0, 20_000, 500) if _is_let_in(room, paths[:count]))
    listed = [ArtifactEntry(path, 10**15, "7" * 64) for path in paths[:fits]]
    assert load_manifest(dump_manifest(listed)) == listed


def _is_let_in(room: Room, paths: list[str]) -> bool:
    try:
        room.enlist(paths)
    except InvalidValue:
        return False
    return True
