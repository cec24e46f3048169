"""Filters and orders of runs, right and wrong ones."""

from __future__ import annotations

from hypothesis import strategies as st

_TEXTS = st.sampled_from(["'risk'", "'RISK'", "'a%b'", "'a_b'", "'0.1'", "'%1%'", "''", '"big"'])
_NUMBERS = st.sampled_from(["0.5", "0.9", "1e3", "-1", "0", "'0.5'", "1"])
_TIMES = st.sampled_from([str(1_700_000_000_000 + 1_000 * number) for number in range(0, 24, 5)])
_EQUAL = st.sampled_from(["=", "!="])
_LIKE = st.sampled_from(["=", "!=", "LIKE", "ILIKE"])
_MORE = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])


def _comparison(
    keys: list[str], operators: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(keys), operators, values).map(" ".join)


_COMPARISONS = st.one_of(
    _comparison(["metrics.acc", "metric.acc", "metrics.`val.loss`", "metrics.x"], _MORE, _NUMBERS),
    _comparison(["params.lr", "param.`a b`", 'params."a b"', "params.x"], _LIKE, _TEXTS),
    _comparison(["tags.team", "tag.team", "tags.x"], _LIKE, _TEXTS),
    _comparison(
        ["status", "attributes.status", "attr.status"],
        _EQUAL,
        st.sampled_from(["'FINISHED'", "'FAILED'", "'RUNNING'"]),
    ),
    _comparison(
        ["run_name", "attributes.run_name", "`run name`", "attribute.run_name"],
        _LIKE,
        st.sampled_from(["'run 01'", "'otter-%'", "'Otter-%'", "'%1%'"]),
    ),
    _comparison(["start_time", "attributes.start_time", "end_time"], _MORE, _TIMES),
    st.sampled_from(["tags.team IS NULL", "params.lr IS NOT NULL", "params.x IS NULL"]),
)
FILTERS = st.lists(_COMPARISONS, max_size=3).map(" AND ".join)
#: Parameters are left out: we order those that are numbers as numbers.
ORDERS = st.lists(
    st.sampled_from(
        [
            "metrics.acc",
            "metrics.acc DESC",
            "metrics.`val.loss` ASC",
            "tags.team DESC",
            "start_time",
            "attributes.start_time DESC",
            "end_time ASC",
            "run_name",
            "status DESC",
            "nonsense",
        ]
    ),
    max_size=2,
    unique_by=lambda text: text.partition(" ")[0],
)
