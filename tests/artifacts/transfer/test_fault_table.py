"""The table of faults in docs/reliability.md is what the transfers do."""

from __future__ import annotations

import re

import pytest

from tests.artifacts.transfer.fault_table import FAULTS, MARKER, PAGE, condensed
from tests.artifacts.transfer.worlds import FAULTS as SEARCHED
from tests.artifacts.transfer.worlds import Row, every_row
from tests.support.faulty import MOVE_MODES, READ, WRITE


def on_the_page() -> str:
    found = re.search(
        f"<!-- {MARKER}:begin -->\n(.*)\n<!-- {MARKER}:end -->", PAGE.read_text(), re.S
    )
    assert found
    return found[1]


def test_every_fault_stands_on_the_page_with_its_words() -> None:
    assert FAULTS.keys() == {*SEARCHED, *((WRITE, mode) for mode in MOVE_MODES)}
    shown = [line.split(" | ")[0].removeprefix("| ") for line in on_the_page().splitlines()[2:]]
    assert shown == list(FAULTS.values())


@pytest.mark.parametrize("wrong", [{"false": 1}, {"wrong": 1}, {"again": False}, {"found": False}])
def test_what_breaks_a_law_is_shown_as_broken(wrong: dict[str, int]) -> None:
    row = Row("folder", READ, "flip", "download", 1, 5, 0, 0, again=True, found=True, struck=1)
    assert "BROKEN" not in condensed([row])
    assert "BROKEN" in condensed([row._replace(**wrong)])  # type: ignore[arg-type]


@pytest.mark.full
def test_the_page_is_up_to_date() -> None:
    assert on_the_page() == condensed(every_row()), "python -m tests.artifacts.transfer.fault_table"
