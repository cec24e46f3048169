"""What Hypothesis draws for records: documents, texts, numbers, whole runs."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from hypothesis import strategies as st

from mlgit.records.text import MAX_INTEGER

_WORDS = (
    "y n Y N yes No ON off True FALSE null Null ~ = << - ? : . .. ... --- !"
    " 012 0o17 0x1F 1_000 1:30 12:30:45 1e3 1.0e5 1e-05 .5 5. +1 -0 -0.0 .nan .inf nan inf"
    " 2024-01-01 2026-11-23T08:14:51Z 4f1c9e20 deadbeef 1e9 0.10 99999999999999999999"
)
#: Texts that some YAML reader takes for something else, or that need care to write.
TRAPS = [
    *_WORDS.split(),
    *[
        "",
        " ",
        "a ",
        " a",
        "a: b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "|-",
    ],
    *[
        "{}",
        "[]",
        "{a: 1}",
        "[1]",
        "- a",
        "? a",
        "'a'",
        '"a"',
        "a\\b",
        "\\",
        "a\tb",
        "\ta",
        "a\x00",
    ],
    *["\n", "a\n", "a\nb", "a\n\nb\n", "\na", "a\n\n", "a\r\nb", "  a\nb", "a\n  b\n", "a\n \nb"],
    *["a\n\tb", "a\t\nb", "k: |\n  x\ny", "a\x85b", "a\u2028b\nc", "\ufeffa", "a\x7fb", "a\u00a0b"],
    *["ø", "日本\n語", "😀", "\ufffe", "a" * 300, "x\n" * 50],
]

plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
texts = st.one_of(
    st.sampled_from(TRAPS),
    plain_texts,
    st.text("ab1 .:-\n#'\"\\\t", max_size=12),
)
keys = st.one_of(plain_texts, st.sampled_from(TRAPS))
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
floats = st.one_of(st.floats(allow_nan=False), st.sampled_from([1e-5, 1e16, 1e22, -0.0, inf, -inf]))
scalars = st.one_of(texts, integers, floats, st.booleans(), st.none())
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
documents: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, values, max_size=6)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type, all the way down; NaN equals NaN, 0.0 is not -0.0."""
    return repr(one) == repr(other)


real_numbers = st.one_of(floats, st.just(nan))
