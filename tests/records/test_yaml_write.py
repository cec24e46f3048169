"""How values look in a file."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from mlgit import errors
from mlgit.records.yaml_write import MAX_INTEGER, MAX_KEY, dump


class Word(str, enum.Enum):
    READY = "READY"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("brisk-otter-12", "brisk-otter-12"),
        ("two words", "two words"),
        ("ada@example.org", "ada@example.org"),
        ("models/churn", "models/churn"),
        ("two  words", '"two  words"'),
        ("no", '"no"'),
        ("None", "None"),
        ("4f1c9e20aa11bb22", '"4f1c9e20aa11bb22"'),
        ("a11bb224f1c9e20a", '"a11bb224f1c9e20a"'),  # all ids are quoted, whatever they begin with
        ("decade", "decade"),
        ("2026-11-23", '"2026-11-23"'),
        ("1", '"1"'),
        ("s3://b/c", '"s3://b/c"'),
        ("naïve", '"naïve"'),
        ("a\x00\x1b\x7f\x85\u2028\ufeff", '"a\\u0000\\u001b\\u007f\\u0085\\u2028\\ufeff"'),
        ('\b\f\r\t"\\', '"\\b\\f\\r\\t\\"\\\\"'),
        ("\ud83d\ude00 😀", '"\ufffd\ufffd 😀"'),
        (Word.READY, "READY"),
        (1, "1"),
        (-MAX_INTEGER, "-999999999999999999"),
        (True, "true"),
        (None, "null"),
        (0.1, "0.1"),
        (5.0, "5.0"),
        (1e-5, "1.0e-05"),
        (1.5e300, "1.5e+300"),
        (1e16, "1.0e+16"),
        (-0.0, "-0.0"),
        (float("nan"), ".nan"),
        (float("-inf"), "-.inf"),
        ({}, "{}"),
        ([], "[]"),
        ("two\nlines\n", "|\n  two\n  lines"),
        ("two\n\n  lines", "|-\n  two\n\n    lines"),
        ("ends in two\n\n", '"ends in two\\n\\n"'),
        (" starts\nwith a blank", '" starts\\nwith a blank"'),
        ("a\r\nb", '"a\\r\\nb"'),
    ],
)
def test_a_value_has_one_spelling(value: Any, written: str) -> None:
    assert dump({"k": value}).decode() == f"k: {written}\n"


def test_containers_are_blocks_of_two_blanks() -> None:
    doc = {"a": {"b": {"c": 1}}, "l": [1, "x y", {"p": 1, "q": [2]}, [3, [4]], {}]}
    assert dump(doc).decode() == (
        "a:\n  b:\n    c: 1\n"
        "l:\n  - 1\n  - x y\n  - p: 1\n    q:\n      - 2\n  -\n    - 3\n    -\n      - 4\n  - {}\n"
    )


def test_an_empty_document_is_an_empty_mapping() -> None:
    assert dump({}) == b"{}\n"


@pytest.mark.parametrize(
    "doc",
    [
        {"k": MAX_INTEGER + 1},
        {"k": {1, 2}},
        {"k": b"bytes"},
        {"k": 1j},
        {1: "a"},
        {"\ud800": 1},
        {"k" * (MAX_KEY + 1): 1},
    ],
)
def test_what_has_no_spelling_is_refused(doc: Any) -> None:
    with pytest.raises(errors.InvalidValue):
        dump(doc)


def test_the_longest_key_is_still_a_key_to_every_reader() -> None:
    import yaml

    doc = {"k" * MAX_KEY: {'"' * (MAX_KEY // 2 - 1): 1}}
    assert yaml.load(dump(doc), Loader=yaml.CSafeLoader) == doc
