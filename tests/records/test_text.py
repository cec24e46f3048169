"""The YAML profile as a law: what is written reads back, here and in every YAML dialect."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mlgit import errors
from mlgit.records import text, yaml_foreign, yaml_read
from tests.records.strategies import TRAPS, documents, same


def ruamel_1_2(data: bytes) -> Any:
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return reader.load(data.decode())


def libyaml(data: bytes) -> Any:
    return yaml.load(data, Loader=yaml.CSafeLoader)


@given(documents)
def test_what_is_written_reads_back_and_is_written_the_same(doc: dict[str, Any]) -> None:
    data = text.dump(doc)
    assert same(text.load(data), doc)
    assert text.dump(text.load(data)) == data


@given(documents)
def test_yaml_1_1_and_yaml_1_2_readers_agree_with_us(doc: dict[str, Any]) -> None:
    data = text.dump(doc)
    assert same(libyaml(data), doc)
    assert same(yaml.safe_load(data.decode()), doc)
    assert same(ruamel_1_2(data), doc)
    assert same(yaml_foreign.load(data), doc)


@pytest.mark.parametrize("trap", TRAPS, ids=ascii)
def test_a_text_that_looks_like_something_else_stays_that_text(trap: str) -> None:
    doc = {"k": trap, "a": {"b": trap, trap: 1}, "l": [trap, {"m": trap}, {trap: trap}]}
    data = text.dump(doc)
    assert same(text.load(data), doc)
    assert same(libyaml(data), doc)
    assert same(ruamel_1_2(data), doc)


@st.composite
def nearly_of_the_profile(draw: st.DrawFn) -> str:
    """A written document with a few characters changed."""
    written = text.dump(draw(documents)).decode()
    pieces = [" ", "  ", "\n", ":", ": ", "- ", "-", '"', "|", "#", "a", "1", ".", "\t", "{}", "\\"]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(written)))
        cut = draw(st.integers(0, 3))
        written = written[:at] + draw(st.sampled_from(["", *pieces])) + written[at + cut :]
    return written


@given(nearly_of_the_profile())
def test_the_fast_reader_never_reads_a_text_otherwise(written: str) -> None:
    check_one_meaning(written)


@pytest.mark.full
@pytest.mark.timeout(600)
@settings(max_examples=10_000, deadline=None)
@given(nearly_of_the_profile())
def test_the_fast_reader_never_reads_a_text_otherwise_at_length(written: str) -> None:
    check_one_meaning(written)


def check_one_meaning(written: str) -> None:
    try:
        value = yaml_foreign.load(written.encode())
    except errors.Damaged:
        with pytest.raises(yaml_read.NotProfile):
            yaml_read.read_profile(written)
        return
    assert same(text.load(written.encode()), value)
    assert same(text.load(text.dump(value)), value)


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_a_document_or_damage(data: bytes) -> None:
    with suppress(errors.Damaged):
        text.dump(text.load(data))


def test_lines_names_the_line_of_every_key_and_item() -> None:
    data = b"# a comment\na: 1\nb:\n  c:\n    - x\n    - y: 2\n"
    assert text.lines(data) == {
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "c", 0): 5,
        ("b", "c", 1): 6,
        ("b", "c", 1, "y"): 6,
    }
