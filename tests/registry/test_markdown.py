"""Whatever users write is shown and does nothing, in two renderers and to what forges look for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.records.visible import visible
from mlgit.registry import markdown
from tests.support.rendered import HOSTILE, acting, pages

MARKS = [
    *"`|\\*_{}[]()<>#+-.!~&$^:/@=%\"' \n\t\r019azA\u200b\u202e\x00é漢",
    *("www.", "http://", "<!--", "-->", "GH-", "Closes #1", "```", "~~~", "a@b.de", "&#x23;"),
    *("<b>", "</code>", "![](x)", "[x](y)", "@team", "deadbeef", "| a |", "---", "1. "),
]
texts = st.lists(st.sampled_from(MARKS), max_size=12).map("".join) | st.text(max_size=20)
hostile = pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])


def held_in_place(value: str) -> None:
    """Each way to show a text leaves the page as it would be with any other text."""
    row = [markdown.code(value), markdown.text(value)]
    assert_quiet("\n".join(markdown.table(["a", "b"], [row, ["end", "end"]])), TABLE)
    assert_quiet(f"{markdown.text(value)}\n\n{markdown.code(value)}", {"p", "code"})
    assert_quiet("\n".join([*markdown.quote(value), "", "end"]), {"blockquote", "p"})
    assert_quiet("\n".join([*markdown.block(value, "sh"), "", "end"]), {"pre", "code", "p"})


def assert_quiet(source: str, tags: set[str]) -> None:
    for page in pages(source):
        assert set(page.tags) <= tags
        assert not page.links
    assert acting(source) == []


TABLE = {"table", "thead", "tbody", "tr", "th", "td", "code"}


@hostile
def test_a_hostile_text_does_nothing(value: str) -> None:
    held_in_place(value)


@given(texts)
def test_no_text_does_anything(value: str) -> None:
    held_in_place(value)


@given(texts)
def test_a_table_keeps_its_cells(value: str) -> None:
    row = [markdown.code(value), markdown.text(value), "end"]
    for page in pages("\n".join(markdown.table(["a", "b", "c"], [row, row]))):
        assert page.tags.count("td") == 6
        assert page.tags.count("tr") == 3


@given(texts)
def test_what_is_shown_is_what_was_said(value: str) -> None:
    wanted = visible(value)
    for page in pages("\n".join(markdown.table(["a"], [[markdown.code(value)]]))):
        shown = "".join(piece.text for piece in page.pieces if "code" in piece.tags)
        assert shown.replace("\u200b", "") == wanted
    prose = " ".join(value.split())
    for page in pages("\n".join(markdown.table(["a"], [[markdown.text(value)]]))):
        shown = "".join(piece.text for piece in page.pieces if "td" in piece.tags)
        assert shown.replace("\u200b", "").strip() == visible(prose).strip()


@given(texts)
def test_a_block_is_the_text(value: str) -> None:
    for page in pages("\n".join(markdown.block(value))):
        shown = "".join(piece.text for piece in page.pieces if "pre" in piece.tags)
        assert "\u202e" not in shown
        if value.isalnum() and value.isascii():
            assert shown == value + "\n"


def test_an_ordinary_name_stays_as_it_is() -> None:
    for name in ("val/auc", "churn@production", "resnet-50 (large)", "lr=0.1", "train.py", "漢字"):
        assert markdown.code(name) == f"`{name}`"
    assert markdown.text("New features; +1.2 points of AUC (see train.py).") == (
        "New features; +1.2 points of AUC (see train.py)."
    )


def test_texts_have_their_size() -> None:
    assert len(markdown.code("`" * 70_000)) < 2_500
    assert len(markdown.text("|" * 70_000)) < 20_000
    assert len(markdown.quote("a\n" * 70_000)) == 41
    assert markdown.clipped("abcdef", 4) == "abc…"


def test_a_link_leads_to_one_file_whatever_its_name() -> None:
    source = markdown.link(markdown.code("a](http://evil.example)"), "runs/a b)/(c.yaml")
    for page in pages(source):
        assert page.links == ["runs/a%20b%29/%28c.yaml"]
