"""Nothing a user named can move the cursor, hide or turn text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.cli.escape import ascii_only, clip, json_safe, visible, visible_cell, width

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("naïve 模型", "naïve 模型"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x9b31m", "\\x9b31m"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_control_direction_and_hidden_characters_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_visible_text_has_no_control_or_format_character_that_matters(text: str) -> None:
    left = {unicodedata.category(c) for c in visible(text)}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    visible(text).encode()


@given(ANY_TEXT)
def test_ascii_only_is_ascii(text: str) -> None:
    assert ascii_only(text).isascii()


def test_a_quoted_cell_keeps_line_breaks_and_tabs_only() -> None:
    assert visible_cell("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"


@given(ANY_TEXT)
def test_json_made_safe_is_the_same_value(text: str) -> None:
    safe = json_safe(json.dumps([text, {text: 1}], ensure_ascii=False))
    assert json.loads(safe) == [text, {text: 1}]
    assert "\u202e" not in safe
    assert "\x7f" not in safe


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("模型", 4), ("e\u0301", 1), ("\x1b[1mab\x1b[0m", 2), ("\uff46\uff55", 4)],
)
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(), st.integers(1, 20))
def test_a_clipped_text_fits(text: str, columns: int) -> None:
    assert width(clip(visible(text), columns, "~")) <= columns


def test_clip_ends_in_the_mark_only_when_it_cut() -> None:
    assert clip("abcdef", 6, "~") == "abcdef"
    assert clip("abcdef", 5, "~") == "abcd~"
    assert clip("模型模型", 4, "~") == "模~"
