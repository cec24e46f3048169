"""YAML that mlgit did not write: one meaning or none, in bounded time and memory."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mlgit import errors
from mlgit.records import text
from mlgit.records.yaml_foreign import MAX_BYTES, load

BOMBS = {
    "aliases": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "merge keys": b"a: &a {x: 1}\nb:\n  <<: *a\n",
    "merge key without alias": b"b:\n  <<: {x: 1}\n",
    "deep lists": b"a: " + b"[" * 100_000,
    "deep mappings": b"{a: " * 100_000,
    "deep keys": b"{" * 100_000,
    "deep dashes": b"- " * 100_000,
    "deep questions": b"? " * 100_000,
    "python object": b"a: !!python/object/apply:os.system [id]\n",
    "python name": b"a: !!python/name:os.system\n",
    "tag of ours": b"a: !mlgit 1\n",
    "tag handle": b"%TAG ! tag:x,2000:\n---\na: 1\n",
    "version": b"%YAML 1.1\n---\na: 1\n",
    "two documents": b"a: 1\n---\nb: 1\n",
    "key twice": b"a: 1\nb:\n  c: 1\n  c: 2\n",
    "number as key": b"a: {1: x}\n",
    "nothing as key": b"~: x\n",
    "list as key": b"? [a]\n: x\n",
    "not UTF-8": b"a: 1\nb: \xff\n",
    "NUL": b"a: 1\nb: \x00\n",
    "too much": b"a: [" + b"1, " * (MAX_BYTES // 3) + b"1]\n",
    "UTF-16": "a: 1\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_could_harm_or_mislead_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(errors.Damaged) as caught:
        text.load(BOMBS[name])
    assert caught.value.facts["reason"]
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("name", "line"), [("key twice", 4), ("not UTF-8", 2), ("NUL", 2), ("two documents", 2)]
)
def test_the_line_of_the_mistake_is_told(name: str, line: int) -> None:
    with pytest.raises(errors.Damaged, match=f"line {line}: ") as caught:
        text.load(BOMBS[name])
    assert caught.value.facts["line"] == line


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("012", "012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("1.5e3", "1.5e3"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.0e+400", "1.0e+400"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("+5", 5),
        ("5.", 5.0),
        ("+0.005", 0.005),
        (".5", 0.5),
        ("1.0E+3", 1000.0),
        ("TRUE", True),
        ("~", None),
        ("", None),
        (".NaN", float("nan")),
        ("+.inf", float("inf")),
    ],
)
def test_a_plain_value_is_a_number_only_where_every_dialect_says_so(plain: str, value: Any) -> None:
    assert repr(text.load(f"k: {plain}\n".encode())) == repr({"k": value})


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("word", ["1", "true", "~", "<<", ".nan"])
def test_a_quoted_value_is_text(quote: str, word: str) -> None:
    assert load(f"k: {quote}{word}{quote}\n".encode()) == {"k": word}
    assert load(f"{quote}{word}{quote}: 1\n".encode()) == {word: 1}


def test_a_text_edited_by_hand_is_read() -> None:
    data = b"\xef\xbb\xbf# note\r\na:   'it''s'\r\nb: {c: [1, 2], d: >-\r\n\r\n  x}\r\n"
    with pytest.raises(errors.Damaged):
        load(data)
    assert load(data.replace(b", d: >-\r\n\r\n  x", b"")) == {"a": "it's", "b": {"c": [1, 2]}}


def test_a_deep_text_does_not_end_the_process() -> None:
    """The C parser's own loader crashes on this, so a child process is asked."""
    code = (
        "from mlgit.records import text\nfrom mlgit import errors\n"
        "for bomb in (b'[', b'{a: ', b'{', b'- ', b'? '):\n"
        "    try: text.load(b'a:\\n  ' + bomb * 150_000)\n"
        "    except errors.Damaged: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "refused\n" * 5)
