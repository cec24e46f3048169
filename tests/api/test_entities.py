"""A run looks like MLflow's, and its notebook form is plain escaped text."""

from __future__ import annotations

import math
from typing import Any

from mlgit.entities import PagedList, Run, RunStatus
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink
from mlgit.records.run import MetricSummary
from mlgit.records.run import Run as RunRecord


def summary(value: float) -> MetricSummary:
    return MetricSummary(last=value, step=3, time=9, min=value, max=value, points=1)


RECORD = RunRecord(
    id="00ff00ff00ff00ff",
    name="brisk-otter-12",
    experiment_id="42",
    status=RunStatus.FINISHED,
    start=1_700_000_000_123,
    end=1_700_000_060_000,
    user="ada",
    note="first try",
    params={"lr": "0.1", "<b>": "a|b"},
    metrics={"loss": summary(0.25), "gone": summary(math.nan)},
    tags={"team": "blue"},
)


def test_a_run_has_mlflows_attributes() -> None:
    run = Run(RECORD)
    assert run.info.run_id == "00ff00ff00ff00ff"
    assert (run.info.run_name, run.info.experiment_id, run.info.user_id) == (
        "brisk-otter-12",
        "42",
        "ada",
    )
    assert (run.info.status, run.info.lifecycle_stage) == ("FINISHED", "active")
    assert (run.info.start_time, run.info.end_time) == (1_700_000_000_123, 1_700_000_060_000)
    assert run.data.metrics["loss"] == 0.25
    assert run.data.params["lr"] == "0.1"


def test_the_tags_include_mlflows_system_tags() -> None:
    assert Run(RECORD).data.tags == {
        "team": "blue",
        "mlflow.runName": "brisk-otter-12",
        "mlflow.user": "ada",
        "mlflow.note.content": "first try",
    }


def test_inputs_are_opened_only_when_asked_for() -> None:
    opened = []

    def links() -> Inputs:
        opened.append(1)
        dataset = DatasetInput("train", "abc", "local", "{}", tags={"mlflow.data.context": "fit"})
        return Inputs((dataset,), (ModelLink("m-1", "in"), ModelLink("m-2", "out", 5)))

    run = Run(RECORD, links)
    assert not opened
    assert run.inputs.dataset_inputs[0].dataset.name == "train"
    assert run.inputs.dataset_inputs[0].tags[0].value == "fit"
    assert [model.model_id for model in run.inputs.model_inputs] == ["m-1"]
    assert [(model.model_id, model.step) for model in run.outputs.model_outputs] == [("m-2", 5)]


def test_a_run_as_plain_data() -> None:
    plain: Any = Run(RECORD).to_dictionary()
    assert plain["info"]["run_name"] == "brisk-otter-12"
    assert plain["data"]["params"]["lr"] == "0.1"
    assert plain["inputs"]["dataset_inputs"] == []


def test_the_notebook_form_holds_no_markup_of_the_users() -> None:
    hostile = RECORD._replace(name="<script>alert(1)</script>")
    for text in (Run(hostile)._repr_html_(), PagedList([Run(hostile)])._repr_html_()):
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
        assert "&lt;b&gt;" in text


def test_the_markdown_form_keeps_its_columns() -> None:
    lines = Run(RECORD)._repr_markdown_().splitlines()
    row = next(line for line in lines if "&lt;b" in line)
    assert row == "| params.&lt;b&gt; | a\\|b |"


def test_a_list_shows_a_row_a_run_and_blanks_where_a_key_is_missing() -> None:
    runs = PagedList([Run(RECORD), Run(RECORD._replace(params={}))])
    html = runs._repr_html_()
    assert html.count("<tr>") == 3
    assert "<td></td>" in html


def test_any_other_list_is_shown_too() -> None:
    assert "&#x27;a&#x27;" in PagedList(["a"])._repr_html_()
    assert PagedList([1, 2], token="next").token == "next"
    assert PagedList() == []
