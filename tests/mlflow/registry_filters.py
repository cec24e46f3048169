"""Filters and orders of models and versions, right and wrong ones."""

from __future__ import annotations

from hypothesis import strategies as st

_OPERATORS = st.sampled_from(["=", "!=", "LIKE", "ILIKE", ">", "<=", "IN", "=="])
_TEXTS = st.sampled_from(
    ["'churn'", "'CHURN'", "'ch%'", "'%A%'", "'a b'", "'risk'", "''", "'1'", "churn", "'sp_m'"]
)
_NUMBERS = st.sampled_from(["1", "2", "3", "-1", "1.5"])
_LISTS = st.sampled_from(["('a')", "('a', 'b')", "()", "'a'"])
_TAGS = ["tags.team", "tag.team", "tags.`a b`", 'tags."x/y"', "tags.absent"]


def _comparison(keys: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(keys), _OPERATORS, values).map(" ".join)


def _joined(comparisons: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(comparisons, max_size=3).map(" AND ".join)
    return st.one_of(several, several.map(lambda text: f"  {text} "))


MODEL_FILTERS = _joined(_comparison(["name", "Name", "description", *_TAGS], _TEXTS))
VERSION_FILTERS = _joined(
    st.one_of(
        _comparison(["name", "source_path", "stage", *_TAGS], _TEXTS),
        _comparison(["version_number"], _NUMBERS),
        _comparison(["run_id"], st.one_of(_LISTS, _TEXTS)),
    )
)
MODEL_ORDERS = st.lists(
    st.sampled_from(["name", "name ASC", "name DESC", "name asc", "tags.team", "nonsense"]),
    max_size=2,
)
VERSION_ORDERS = st.lists(
    st.sampled_from(["name", "name DESC", "version_number", "version_number DESC", "source", ""]),
    max_size=3,
)
