"""The fast reader: what it takes, what it leaves to the other one."""

from __future__ import annotations

import pytest

from mlgit import errors
from mlgit.records import text, yaml_read
from mlgit.records.text import MAX_BYTES, MAX_DEPTH
from mlgit.records.yaml_read import NotProfile, read_profile


@pytest.mark.parametrize(
    "written",
    [
        "a: 1",
        "a:\n",
        "a: \n",
        "a:  1\n",
        "a : 1\n",
        "a: 1 # c\n",
        "a: 'x'\n",
        "a: no\n",
        "no: 1\n",
        "1: 1\n",
        '"": 1\n',
        "a: 012\n",
        "a: 1.0e+400\n",
        "a: 1\na: 1\n",
        "a: 1\n\nb: 1\n",
        "a: 1\r\n",
        "a:\n    b: 1\n",
        "a:\n- b\n",
        "a:\n  b: 1\n   c: 1\n",
        "a:\n  - b: 1\n    c: 1\n   d: 1\n",
        "a:\n  - |\n    x\n",
        "a:\n  - b\n  c: 1\n",
        "a:\n  - b\n  c:\n    d: 1\n",
        "a:\n  b: 1\n  - c\n",
        "a: |\n     x\n    y\n",
        'a: "\\x41"\n',
        'a: "\\ud83d\\ude00"\n',
        "a: \u2028\n",
        "- a\n",
        "{}\n",
        "",
    ],
)
def test_a_text_that_dump_does_not_write_is_left_alone(written: str) -> None:
    with pytest.raises(NotProfile):
        read_profile(written)


def test_a_quoted_key_with_a_colon_opens_a_mapping() -> None:
    assert read_profile('"x: y":\n  "z: ": 1\n') == {"x: y": {"z: ": 1}}


def test_a_second_colon_is_noticed_whatever_was_read_before() -> None:
    assert text.load(b"a:\n  b: 1\n") == {"a": {"b": 1}}
    for written in ("a:: \n  b: 1\n", "a:: c\n", "a: :\n  b: 1\n"):
        with pytest.raises(NotProfile):
            read_profile(written)


def test_what_is_remembered_of_one_text_does_not_leak_into_another() -> None:
    assert text.load(b'a:\n  - b: {}\n  - b: x\n"p: q": "1"\n') == {
        "a": [{"b": {}}, {"b": "x"}],
        "p: q": "1",
    }
    assert text.load(b"a:\n  - b\n  - c: 2\n") == {"a": ["b", {"c": 2}]}
    assert text.load(b'a: 1\n"p": 1\n') == {"a": 1, "p": 1}
    first, second = text.load(b"a: {}\n"), text.load(b"a: {}\n")
    first["a"]["x"] = 1
    assert second == {"a": {}}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_read, "_CACHED", 10)
    monkeypatch.setattr(yaml_read, "_heads", {})
    monkeypatch.setattr(yaml_read, "_values", {})
    doc = {f"k{number}": f"v{number}" for number in range(40)}
    assert text.load(text.dump(doc)) == doc
    assert len(yaml_read._heads) == len(yaml_read._values) == 10


def test_a_file_of_exactly_the_limit_is_read() -> None:
    head, tail = b'a: "', b'"\n'
    data = head + b"x" * (MAX_BYTES - len(head) - len(tail)) + tail
    assert len(text.load(data)["a"]) == MAX_BYTES - 6
    with pytest.raises(errors.Damaged, match="never read"):
        text.load(data[:-2] + b'x"\n')


def nested(depth: int) -> bytes:
    return (
        b"".join(b"  " * level + b"a:\n" for level in range(depth - 1))
        + b"  " * (depth - 1)
        + b"a: 1\n"
    )


def test_mappings_nest_to_the_limit_and_no_deeper() -> None:
    assert text.dump(text.load(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(errors.Damaged, match="nesting deeper than 32"):
        text.load(nested(MAX_DEPTH + 1))
