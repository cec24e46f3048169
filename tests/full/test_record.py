"""Each step leaves its newest line in the page, and touches nothing else there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.full import record
from tests.full.step import Outcome, Result

PAGE = "# Title\n\nbefore\n<!-- steps:begin -->\n<!-- steps:end -->\nafter\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "versions", lambda: "abc, Python 3")
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def row(step: str, figures: str, result: Result = Result.PASSED) -> record.Row:
    return record.Row(step, Outcome(result, figures), 61.0)


def test_the_newest_line_of_a_step_replaces_its_last_one(page: Path) -> None:
    for step, figures in (("faults", "first"), ("bench", "other"), ("faults", "second | third")):
        record.put_row(page, "steps", row(step, figures))
    text = page.read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines] == ["| step", "| bench", "| faults"]
    assert "first" not in text
    assert "| pass | 1.0 min | second / third |" in lines[2]
    assert text.startswith("# Title\n\nbefore\n")
    assert text.endswith("<!-- steps:end -->\nafter\n")


def test_a_page_without_the_place_is_refused(page: Path) -> None:
    with pytest.raises(ValueError, match="no place marked bench"):
        record.put_text(page, "bench", "table")


def test_text_between_markers_is_replaced(page: Path) -> None:
    for text in ("one", "two"):
        record.put_text(page, "steps", text)
    assert page.read_text().count("two") == 1
    assert "one" not in page.read_text()
