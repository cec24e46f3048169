"""Whole records for Hypothesis to draw."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from mlgit import times
from mlgit.records.approval import VERDICTS, Approval
from mlgit.records.artifact import ArtifactEntry
from mlgit.records.experiment import Experiment
from mlgit.records.fields import FORMAT
from mlgit.records.inputs import DatasetInput, Inputs, ModelLink
from mlgit.records.logged_model import STATUSES, LoggedModel
from mlgit.records.metrics import Point
from mlgit.records.model_version import STATUSES as VERSION_STATUSES
from mlgit.records.model_version import ModelVersion
from mlgit.records.pointer import STAGES, Alias, Stage
from mlgit.records.registered_model import RegisteredModel
from mlgit.records.run import Code, Edit, History, MetricSummary, Run, RunStatus, Source
from mlgit.records.settings import Artifacts, Capture, Limits, Registry, Settings
from tests.records.strategies import floats, integers, keys, real_numbers, texts, values

T = TypeVar("T")

moments = st.integers(0, times.MAX_TIME_MS)
names = texts.filter(bool)
numbers_as_text = st.one_of(floats.map(repr), st.integers().map(str), st.integers().map(hex))
text_maps = st.dictionaries(keys, st.one_of(texts, numbers_as_text), max_size=4)
unknown = st.dictionaries(keys.map(lambda key: f"x-{key}"), values, max_size=2)
lifecycles = st.sampled_from(["active", "deleted"])
edits = st.dictionaries(keys, st.builds(Edit, moments, names, st.booleans()), max_size=3)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


def in_order(values: dict[str, T]) -> dict[str, T]:
    """As a record lists the user's keys."""
    return dict(sorted(values.items()))


@st.composite
def summaries(draw: st.DrawFn) -> MetricSummary:
    last, step, time = draw(real_numbers), draw(integers), draw(moments)
    count = draw(st.integers(1, 10**9))
    if count == 1:
        return MetricSummary(last, step, time, last, last, 1)
    return MetricSummary(last, step, time, draw(real_numbers), draw(real_numbers), count)


runs = st.builds(
    Run,
    id=names,
    name=texts,
    experiment_id=names,
    status=st.sampled_from(RunStatus),
    start=moments,
    end=st.none() | moments,
    user=texts,
    host=texts,
    parent=texts,
    lifecycle=lifecycles,
    deleted_at=st.none() | moments,
    note=texts,
    code=st.builds(Code, texts, texts, texts, st.booleans(), texts),
    source=st.builds(Source, texts, texts, texts, texts),
    params=text_maps,
    metrics=st.dictionaries(keys, summaries(), max_size=3),
    tags=text_maps,
    edits=edits,
    alive_until=st.none() | moments,
    history=st.just(History())
    | st.builds(
        History,
        st.dictionaries(names, hashes, max_size=2).map(in_order),
        st.dictionaries(
            names,
            st.dictionaries(keys, st.integers(0, 10**17), min_size=1, max_size=2).map(in_order),
            min_size=1,
            max_size=2,
        ).map(in_order),
    ),
    extra=unknown,
    format=st.just(FORMAT),
)
experiments = st.builds(
    Experiment,
    id=names,
    name=names,
    folder=st.just("churn"),
    created=moments,
    updated=moments,
    lifecycle=lifecycles,
    note=texts,
    artifact_location=texts,
    tags=text_maps,
    edits=edits,
    extra=unknown,
    format=st.just(FORMAT),
)
entries = st.builds(
    ArtifactEntry, names, st.integers(0, 10**15), st.just("") | hashes, texts, texts, unknown
)
inputs = st.builds(
    Inputs,
    st.lists(
        st.builds(DatasetInput, texts, texts, texts, texts, texts, texts, text_maps, unknown),
        max_size=2,
    ).map(tuple),
    st.lists(
        st.builds(ModelLink, names, st.sampled_from(["in", "out"]), integers, unknown), max_size=2
    ).map(tuple),
    unknown,
    st.just(FORMAT),
)
logged_models = st.builds(
    LoggedModel,
    id=names,
    name=texts,
    experiment_id=names,
    status=st.sampled_from(STATUSES),
    created=moments,
    updated=moments,
    status_message=texts,
    lifecycle=lifecycles,
    model_type=texts,
    source_run=texts,
    params=text_maps,
    tags=text_maps,
    edits=edits,
    extra=unknown,
)
_sizes = st.integers(0, 10**12)
settings_of_a_team = st.builds(
    Settings,
    st.dictionaries(keys, texts, max_size=3),
    st.builds(Limits, _sizes, _sizes, _sizes, _sizes),
    st.builds(Capture, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.builds(Artifacts, _sizes),
    st.builds(Registry, st.booleans()),
    unknown,
    st.just(FORMAT),
)
_columns = st.sampled_from(["", "", "m-1", 'a,"b"', "c\nd", "é"])
points = st.builds(
    Point,
    st.one_of(st.integers(-3, 3), integers),
    st.one_of(st.integers(0, 3), moments),
    st.one_of(st.sampled_from(["loss", "val acc", "a/b"]), names),
    st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.1]), real_numbers),
    _columns,
    _columns,
    _columns,
)

registered_models = st.builds(
    RegisteredModel,
    names,
    st.just("x"),
    moments,
    moments,
    lifecycles,
    texts,
    text_maps,
    edits,
    unknown,
    st.just(FORMAT),
)
model_versions = st.builds(
    ModelVersion,
    number=st.just(3),
    uid=names,
    status=st.sampled_from(VERSION_STATUSES),
    created=moments,
    author=texts,
    run=texts,
    logged_model=texts,
    source=texts,
    manifest=hashes.map(lambda digest: f"sha256:{digest}"),
    signature=texts,
    description=texts,
    renumbered_from=st.none() | st.integers(0, 9),
    tags=text_maps,
    edits=edits,
    extra=unknown,
    format=st.just(FORMAT),
)
_commits = st.just("") | st.binary(min_size=20, max_size=20).map(bytes.hex)
aliases = st.builds(
    Alias,
    alias=names,
    version=st.integers(0, 10**9),
    uid=names,
    at=moments,
    by=names,
    manifest=hashes.map(lambda digest: f"sha256:{digest}"),
    previous=st.none() | st.integers(0, 10**9),
    reason=texts,
    evidence=_commits,
    contested=st.just(value=False),
    extra=unknown,
    format=st.just(FORMAT),
)
stages = st.builds(
    Stage,
    stage=st.sampled_from(STAGES),
    uid=names,
    at=moments,
    by=names,
    previous=texts,
    reason=texts,
    evidence=_commits,
    contested=st.just(value=False),
    extra=unknown,
    format=st.just(FORMAT),
)
approvals = st.builds(
    Approval,
    proposal=names,
    tree=names,
    verdict=st.sampled_from(VERDICTS),
    at=moments,
    by=names,
    comment=texts,
    extra=unknown,
    format=st.just(FORMAT),
)
