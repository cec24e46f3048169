"""`run.yaml`: exact both ways, the hard limit, newer formats, purged runs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given

from mlgit import errors
from mlgit.records import run_yaml, text
from mlgit.records.run import (
    MetricSummary,
    Purged,
    Run,
    RunStatus,
    dump_purged,
    dump_run,
    load_purged,
    load_run,
)
from mlgit.records.schema import validate
from tests.records.record_strategies import runs
from tests.records.strategies import documents, same

RUN = Run("4f1c9e20aa11bb22", "brisk-otter-12", "0", RunStatus.FINISHED, 1795421691123)


@given(runs)
def test_a_run_reads_back_as_it_was_and_is_written_the_same(run: Run) -> None:
    data = dump_run(run)
    assert same(load_run(data).params, dict(sorted(run.params.items())))
    assert same(load_run(data)._replace(params={}, tags={}, metrics={}, edits={}), _bare(run))
    assert load_run(data).tags == run.tags
    assert load_run(data).edits == run.edits
    assert same(sorted(load_run(data).metrics.items()), sorted(run.metrics.items()))
    assert dump_run(load_run(data)) == data


def _bare(run: Run) -> Run:
    return run._replace(params={}, tags={}, metrics={}, edits={})


@given(runs)
def test_what_is_written_has_no_problem(run: Run) -> None:
    assert validate("run", text.load(dump_run(run))) == []


@given(documents)
def test_any_document_is_a_run_or_damage(doc: dict[str, Any]) -> None:
    data = text.dump({"id": "1", "name": "a", "status": "FINISHED", **doc})
    try:
        load_run(data)
    except (errors.Damaged, errors.NotFound):
        return
    assert validate("run", text.load(data)) == []


@pytest.mark.parametrize(
    ("param", "written"),
    [
        ("8", "8"),
        ("-3", "-3"),
        ("007", '"007"'),
        ("-0", '"-0"'),
        ("1" * 18, "1" * 18),
        ("1" * 19, '"' + "1" * 19 + '"'),
        ("0.1", "0.1"),
        ("0.10", '"0.10"'),
        ("1e-05", "1.0e-05"),
        ("1.5e-07", "1.5e-07"),
        ("1e-5", '"1e-5"'),
        ("1e16", '"1e16"'),
        ("1e+16", "1.0e+16"),
        ("1e999", '"1e999"'),
        ("True", '"True"'),
        ("None", "None"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("", '""'),
    ],
)
def test_a_parameter_is_text_and_plain_where_its_number_has_that_text(
    param: str, written: str
) -> None:
    data = dump_run(RUN._replace(params={"k": param}))
    assert f"params:\n  k: {written}\n".encode() in data
    assert load_run(data).params == {"k": param}
    assert str(yaml.safe_load(data)["params"]["k"]) == param


def test_what_is_not_known_is_left_out() -> None:
    assert dump_run(RUN).decode() == (
        'format: 1\nid: "4f1c9e20aa11bb22"\nname: brisk-otter-12\nexperiment: "0"\n'
        'status: FINISHED\nstart: "2026-11-23T08:14:51.123Z"\n'
    )


def test_a_metric_of_one_point_has_no_range() -> None:
    one = MetricSummary(0.5, 3, 9, 0.5, 0.5, 1)
    data = dump_run(RUN._replace(metrics={"b": one, "a": one._replace(points=2)}))
    assert data.endswith(
        b"metrics:\n  a:\n    last: 0.5\n    step: 3\n    time: 9\n    min: 0.5\n    max: 0.5\n"
        b"    count: 2\n  b:\n    last: 0.5\n    step: 3\n    time: 9\n"
    )


def test_a_parameter_in_conflict_serves_its_base_and_stays_in_conflict() -> None:
    data = dump_run(RUN) + (
        b"params:\n  a:\n    base: 0.1\n    sides:\n      - 0.2\n      - 0.3\n"
        b"  b:\n    sides:\n      - x\n      - z\n"
    )
    assert load_run(data).params == {"a": "0.1", "b": "x"}
    assert dump_run(load_run(data)) == data


def test_a_newer_format_is_read_and_never_written() -> None:
    run = load_run(dump_run(RUN).replace(b"format: 1", b"format: 2"))
    assert run.name == RUN.name
    with pytest.raises(errors.Unsupported, match="format 2") as caught:
        dump_run(run)
    assert "upgrade" in caught.value.hint


def test_the_hard_limit_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(dump_run(RUN))
    monkeypatch.setattr(run_yaml, "HARD_LIMIT", size)
    assert len(dump_run(RUN)) == size
    with pytest.raises(errors.InvalidValue, match=f"{size + 1} bytes; {size} is the limit"):
        dump_run(RUN._replace(name=RUN.name + "3"))


def test_a_purged_run_is_not_found_and_says_who_purged_it() -> None:
    stub = Purged("Imported_RUN-77", 1795421691123, "c7d41e9a02")
    data = dump_purged(stub)
    assert load_purged(data) == stub
    assert load_purged(dump_run(RUN)) is None
    with pytest.raises(errors.NotFound, match="purged on 2026-11-23 by c7d41e9a02"):
        load_run(data)
    with pytest.raises(errors.Damaged):
        load_purged(b"id: x\npurged: yes\n")
