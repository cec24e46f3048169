"""An item survives the queue, and the message of a commit names what it brings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.git.framing import pack_frames, unpack_frames
from mlgit.git.item import Item, decode_item, encode_item, message

TEXT = st.text(max_size=20)
ITEMS = st.builds(
    Item,
    folder=TEXT,
    files=st.dictionaries(TEXT, st.binary(max_size=20), max_size=4),
    subject=TEXT,
    title=TEXT,
    topic=TEXT,
    note=TEXT,
    trailers=st.dictionaries(TEXT, TEXT, max_size=3),
    defaults=st.dictionaries(TEXT, st.binary(max_size=20), max_size=3),
)


def run(number: int, topic: str = "churn") -> Item:
    return Item(
        folder=f"runs/{topic}/{number}",
        files={"run.yaml": b"x"},
        subject=f"run: otter-{number} ({topic}) finished",
        title=f"otter-{number}",
        topic=topic,
        note="[skip ci]",
        trailers={"Mlgit-Run": f"{number:04}", "Mlgit-Code": ""},
    )


@given(ITEMS)
def test_an_item_is_read_back_as_it_was(item: Item) -> None:
    assert decode_item(encode_item(item)) == item


@given(ITEMS, st.data())
def test_a_torn_or_changed_item_is_no_item(item: Item, data: st.DataObject) -> None:
    whole = encode_item(item)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert decode_item(whole[:cut]) is None
    changed = whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :]
    assert decode_item(changed) is None


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_frames_are_kept_apart(frames: list[bytes]) -> None:
    assert unpack_frames(pack_frames(frames)) == frames


def test_one_item_has_the_commit_to_itself() -> None:
    assert message([run(1)]) == ("run: otter-1 (churn) finished\n\n[skip ci]\n\nMlgit-Run: 0001\n")


def test_a_shared_commit_names_every_item() -> None:
    assert message([run(1), run(2)]) == (
        "runs: 2 runs (churn) otter-1, otter-2\n\n"
        "run: otter-1 (churn) finished\nrun: otter-2 (churn) finished\n\n"
        "[skip ci]\n\n"
        "Mlgit-Run: 0001\nMlgit-Run: 0002\n"
    )


@pytest.mark.parametrize(
    ("items", "subject"),
    [
        ([run(n) for n in range(7)], "runs: 7 runs (churn) otter-0, otter-1, otter-2, otter-3, …"),
        ([run(1, "a"), run(2, "b")], "runs: 2 runs (a, b) otter-1, otter-2"),
        ([run(1, "a"), run(2, "b"), run(3, "c")], "runs: 3 runs (a, b, …) otter-1, otter-2, …"),
        ([Item("a", {}, "one"), Item("b", {}, "two")], "runs: 2 runs"),
    ],
)
def test_a_long_list_is_cut_in_the_subject_only(items: list[Item], subject: str) -> None:
    made = message(items)
    assert made.partition("\n")[0].startswith(subject.rstrip("…, "))
    assert len(made.partition("\n")[0]) < 120
    assert all(item.subject in made for item in items)


def test_the_size_of_an_item_is_that_of_its_files() -> None:
    assert Item("a", {"x": b"123", "y": b"4"}, "s").size() == 4
