"""LIKE means what its regular expression means, in time that no pattern can blow up."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.search.like import like
from mlgit.search.sql import as_glob

LETTERS = st.text("ab%_.\n", max_size=8)


@given(pattern=LETTERS, text=st.text("ab.\n", max_size=10))
def test_it_matches_what_its_regular_expression_does(pattern: str, text: str) -> None:
    parts = (".*" if one == "%" else "." if one == "_" else re.escape(one) for one in pattern)
    expected = re.fullmatch("".join(parts), text, re.DOTALL) is not None
    assert like(pattern, False)(text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("STRASSE", "Straße", True),
        ("%ΣΑΣ", "όσας", True),
        ("ab%", "ABC", True),
        ("_", "É", True),
    ],
)
def test_ilike_ignores_case_in_any_script(pattern: str, text: str, expected: bool) -> None:
    assert like(pattern, True)(text) == expected


def test_many_wildcards_take_no_longer() -> None:
    text = "a" * 20_000
    for pattern in ("%a" * 200 + "b", "%_a" * 200 + "b", "%" * 5000 + "b"):
        assert not like(pattern, False)(text)


@given(st.text("ab_%*?[]\n", max_size=6), st.text("ab*?[]\né", max_size=6))
def test_sqlites_own_pattern_means_the_same(pattern: str, text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as base:
        ((found,),) = base.execute("SELECT ? GLOB ?", (text, as_glob(pattern)))
    assert bool(found) == like(pattern, False)(text)
