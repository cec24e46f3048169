"""A record through its line in the index is the same record."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlgit.records.experiment import Experiment
from mlgit.records.run import Run
from mlgit.search import document
from mlgit.search.document import Unreadable
from tests.records import record_strategies as draw
from tests.records.strategies import same
from tests.search.records import CHURN, a_run


@given(draw.runs)
def test_a_run_comes_back_whole(run: Run) -> None:
    line = document.dump(run)
    assert same(document.load(line), run)
    assert document.keys(line) == (list(run.metrics), list(run.params), list(run.tags))


@given(draw.experiments)
def test_an_experiment_comes_back_whole(experiment: Experiment) -> None:
    assert same(document.load_experiment(document.dump_experiment(experiment)), experiment)


def test_a_new_field_needs_a_new_line_and_a_new_version_of_the_index() -> None:
    assert len(Run._fields) == 22
    assert len(Experiment._fields) == 12


JSON = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=21), st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=30,
)


@given(JSON)
@example([None] * 14 + [[], [], []])
def test_another_line_is_refused(value: object) -> None:
    import json

    for read in (document.load, document.load_experiment, document.keys):
        with pytest.raises(Unreadable):
            read(json.dumps(value))


@pytest.mark.parametrize("line", ["", "{", "[" * 100_000, document.dump(a_run(1))[:-1]])
def test_a_broken_line_is_refused(line: str) -> None:
    for read in (document.load, document.load_experiment, document.keys):
        with pytest.raises(Unreadable):
            read(line)


def test_a_line_of_the_other_kind_is_refused() -> None:
    with pytest.raises(Unreadable):
        document.load(document.dump_experiment(CHURN))
    with pytest.raises(Unreadable):
        document.load_experiment(document.dump(a_run(1)))
