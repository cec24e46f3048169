"""The metrics of a `run.yaml` read at once: never otherwise than by the reader of YAML."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit import errors
from mlgit.records import metric_section, text
from mlgit.records.run import MetricSummary, Run, dump_run, load_run
from mlgit.records.run_yaml import _to_run
from tests.records.record_strategies import runs
from tests.records.strategies import same

HEAD = 'id: "1"\nname: a\nexperiment: "0"\nstatus: FINISHED\nstart: "2026-11-23T08:14:51.123Z"\n'
ONE = "    last: 0.5\n    step: 1\n    time: 2\n"


@st.composite
def nearly_a_run(draw: st.DrawFn) -> str:
    """A written run with a few characters changed, most of them near its metrics."""
    written = dump_run(draw(runs.filter(lambda run: run.metrics))).decode()
    start = written.index("\nmetrics:\n")
    pieces = ["", " ", "  ", "\n", ":", ": ", '"', "|", "#", "a", "1", ".", "-", "\nmetrics:\n"]
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(start, min(len(written), start + 120)))
        cut = draw(st.integers(0, 3))
        written = written[:at] + draw(st.sampled_from(pieces)) + written[at + cut :]
    return written


def check_one_meaning(written: str) -> None:
    try:
        expected = _to_run(text.load(written.encode()))
    except (errors.Damaged, KeyError, TypeError, ValueError, AttributeError):
        with pytest.raises(errors.Damaged):
            load_run(written.encode())
        return
    assert same(load_run(written.encode()), expected)


@given(runs)
def test_a_run_reads_as_its_whole_document_does(run: Run) -> None:
    check_one_meaning(dump_run(run).decode())


@given(nearly_a_run())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_changed_run_reads_as_its_whole_document_does(written: str) -> None:
    check_one_meaning(written)


@pytest.mark.parametrize(
    "tail",
    [
        f"metrics:\n  a:\n{ONE}  a:\n{ONE}",
        f"metrics:\n  no:\n{ONE}",
        f'metrics:\n  "no":\n{ONE}',
        f"metrics:\n  a:\n{ONE}metrics:\n  b:\n{ONE}",
        f"metrics:\n  a:\n{ONE}    p50: 1.0\n",
        f"metrics:\n  a:\n{ONE.replace('0.5', '1.0e+400')}",
        f"metrics:\n  a:\n{ONE.replace('0.5', '5')}tags:\n  a: b\n",
        f"metrics:\n  a:\n{ONE}    min: .nan\n    max: -.inf\n    count: 0\n",
        f"metrics:\n  a:\n{ONE}    min: 0.1\n",
        f'note: "x\nmetrics:\n  a:\n{ONE}"\n',
        f"note: |\nmetrics:\n  a:\n{ONE}",
        f"note: |\n  x\n\nmetrics:\n  a:\n{ONE}",
        f"note: x\n  y\nmetrics:\n  a:\n{ONE}",
        f"params:\nmetrics:\n  a:\n{ONE}",
        f"metrics:\n  a\u2028b:\n{ONE}",
        f"metrics:\n\n  a:\n{ONE}",
        f"metrics: # c\n  a:\n{ONE}",
    ],
)
def test_texts_made_to_mislead_read_as_their_whole_document_does(tail: str) -> None:
    check_one_meaning(HEAD + tail)


def test_the_section_is_taken_out_of_its_place() -> None:
    parts = metric_section.split(f"{HEAD}metrics:\n  val acc:\n{ONE}tags:\n  a: b\n")
    expected = {"val acc": MetricSummary(0.5, 1, 2, 0.5, 0.5, 1)}
    assert parts == (f"{HEAD}tags:\n  a: b\n", expected)
    assert metric_section.split(HEAD) is None
