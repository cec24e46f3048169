"""Stores made of chosen records, and strategies for records, queries and orders."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, nan

from hypothesis import strategies as st

from mlgit.records import layout
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.inputs import DatasetInput, Inputs, dump_inputs
from mlgit.records.run import Code, MetricSummary, Purged, Run, RunStatus, Source, dump_run
from mlgit.store.tombstone import tombstone

T0 = 1_795_392_000_000
KEYS = ("acc", "a b", "loss/val", "ключ", "lr", "x.y")
NUMBERS = (0.0, -0.0, 0.5, 1.0, -1.0, 0.1, 1e300, -1e300, 5e-324, nan, inf, -inf, 2.0**53)
TEXTS = (
    *("0.1", "0.10", "1e-1", "1", "01", "-1", "gbdt", "GBDT", "Straße", "STRASSE", "", "é%_x"),
    *("9007199254740993", "9007199254740992", "nan", "inf", "None", "a'b", 'a"b', "1_0", "\x00z"),
)
IDS = tuple(f"{number:016x}" for number in (*range(8), 0xABC, 0xABD))
EXPERIMENTS = ("10", "20", "30", "99")


def experiments() -> list[Experiment]:
    """Two live experiments of one name, a deleted one; "99" does not exist."""
    return [
        Experiment("10", "churn", "churn", T0, T0),
        Experiment("20", "churn", "churn~0badcafe", T0, T0),
        Experiment("30", "old", "old", T0, T0, lifecycle="deleted"),
    ]


numbers = st.sampled_from(NUMBERS)
texts = st.sampled_from(TEXTS)
keys = st.sampled_from(KEYS)


def summaries() -> st.SearchStrategy[MetricSummary]:
    return st.builds(
        MetricSummary,
        last=numbers,
        step=st.sampled_from((0, -1, 2**40)),
        time=st.just(T0),
        min=numbers,
        max=numbers,
        points=st.sampled_from((1, 2)),
    )


def runs() -> st.SearchStrategy[Run]:
    names = st.sampled_from(("brisk-otter", "calm moth", "n", ""))
    return st.builds(
        lambda **given: Run(**given),  # the class itself would have its defaults drawn, too
        id=st.sampled_from(IDS),
        name=names.filter(bool),
        experiment_id=st.sampled_from(EXPERIMENTS),
        status=st.sampled_from(RunStatus),
        start=st.sampled_from((T0, T0 + 1, T0 + 86_400_000)),
        end=st.sampled_from((None, T0 + 5000, T0 + 90_000_000)),
        user=st.sampled_from(("", "ada")),
        host=st.sampled_from(("", "gpu-1")),
        parent=st.sampled_from(("", IDS[0])),
        lifecycle=st.sampled_from(("active", "active", "deleted")),
        note=st.sampled_from(("", "two\nlines")),
        code=st.sampled_from((Code(), Code("abc"), Code("abc", dirty=True))),
        source=st.sampled_from((Source(), Source(name="train.py"))),
        params=st.dictionaries(keys, texts, max_size=3),
        metrics=st.dictionaries(keys, summaries(), max_size=3),
        tags=st.dictionaries(st.one_of(keys, st.just("mlflow.user")), texts, max_size=2),
    )


def folders() -> st.SearchStrategy[str]:
    """Where runs lie: by chance, so that runs have moved and ids repeat."""
    return st.builds(
        layout.run_folder,
        st.sampled_from(("churn", "churn~0badcafe", "old", "gone")),
        st.sampled_from((T0, T0 + 86_400_000)),
        st.sampled_from(IDS),
    )


def run_files() -> st.SearchStrategy[dict[str, bytes]]:
    """The files of one run's folder: mostly a good run, sometimes damaged in a way that happens."""
    inputs = st.sampled_from(
        (
            {},
            {layout.INPUTS: dump_inputs(Inputs((DatasetInput("train", "d1", "local", "{}"),)))},
            {layout.INPUTS: dump_inputs(Inputs((_used("train", "val"), _used("test", ""))))},
            {layout.INPUTS: b"datasets: {\n"},
        )
    )
    good = st.builds(lambda run, more: {layout.RUN: dump_run(run), **more}, runs(), inputs)
    broken = st.sampled_from(
        (
            {layout.RUN: b"id: [\n"},
            {layout.RUN: b"id: x\nname: y\n"},
            {"metrics.csv": b"step,timestamp,key,value\n"},
            tombstone(("files/a.txt", layout.METRICS), Purged("x", T0, "ada")),
        )
    )
    return st.one_of(good, good, good, good, broken)


def _used(name: str, context: str) -> DatasetInput:
    tags = {"mlflow.data.context": context} if context else {}
    return DatasetInput(name, f"digest-{name}", "local", "{}", tags=tags)


def trees() -> st.SearchStrategy[dict[str, bytes]]:
    """A whole state of the branch: path to content."""
    return st.dictionaries(folders(), run_files(), max_size=8).map(_tree)


def _tree(runs_of: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
    files = {layout.experiment_path(one.folder): dump_experiment(one) for one in experiments()}
    for folder, content in runs_of.items():
        files.update({f"{folder}/{name}": data for name, data in content.items()})
    return files


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_key = keys.map(lambda key: f"`{key}`")
_number = st.sampled_from(("0", "0.5", "-1", "1e300", "0.1", "1", "9007199254740993", "-0.0"))
_ordering = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
_pattern = st.sampled_from(("%", "0.1%", "_", "%b%", "%STRASSE", "brisk%", "", "%\n%", "é%%__"))
_like = st.sampled_from(("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"))
_in = st.sampled_from(("IN", "NOT IN"))
_null = st.sampled_from(("IS NULL", "IS NOT NULL"))
_text_attribute = st.sampled_from(
    (
        *("run_id", "run_name", "user", "host", "parent", "commit", "experiment", "note"),
        *("experiment_id", "dirty", "source_name", "source_type", "artifact_uri", "branch"),
        *("tags.mlflow.user", "tags.mlflow.source.type", "datasets.name", "datasets.context"),
    )
)
_name = st.sampled_from((*IDS[:3], "brisk-otter", "ada", "churn", "old", "10", "abc", "true", ""))


def _list(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(lambda each: f"({', '.join(each)})")


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def _comparisons() -> st.SearchStrategy[str]:
    metric = _key.map("metrics.{}".format)
    mixed = st.tuples(st.sampled_from(("params", "tags")), _key).map(".".join)
    literal = texts.map(_quoted)
    name = _name.map(_quoted)
    moment = st.sampled_from((str(T0), str(T0 + 1), "1e300", str(T0 + 5000)))
    return st.one_of(
        _joined(metric, _ordering, _number),
        _joined(metric, st.sampled_from(("=", "!=")), st.sampled_from(("nan", "inf", "-inf"))),
        _joined(metric, _in, _list(st.one_of(_number, st.just("nan")))),
        _joined(mixed, _ordering, st.one_of(literal, _number)),
        _joined(mixed, _in, _list(st.one_of(literal, _number))),
        _joined(mixed, _like, _pattern.map(_quoted)),
        _joined(_text_attribute, _ordering, name),
        _joined(_text_attribute, _in, _list(name)),
        _joined(_text_attribute, _like, _pattern.map(_quoted)),
        _joined(st.just("status"), st.sampled_from(("=", "!=")), st.just("'finished'")),
        _joined(st.sampled_from(("start_time", "end_time")), _ordering, moment),
        _joined(st.just("duration"), _ordering, st.sampled_from(("5", "0.001", "'1d'", "'90s'"))),
        _joined(st.one_of(metric, mixed, _text_attribute, st.just("end_time")), _null),
    )


def queries() -> st.SearchStrategy[str]:
    """Texts of the query language."""
    return st.one_of(
        st.just(""),
        st.recursive(
            _comparisons(),
            lambda inner: st.one_of(
                _joined(inner, st.sampled_from(("AND", "OR")), inner),
                inner.map("NOT ({})".format),
                inner.map("({})".format),
            ),
            max_leaves=5,
        ),
    )


def orders() -> st.SearchStrategy[list[str]]:
    """Lists of clauses."""
    attribute = st.sampled_from(
        ("start_time", "end_time", "run_name", "user", "duration", "experiment", "note", "run_id")
    )
    keyed = st.tuples(st.sampled_from(("metrics", "params", "tags")), _key).map(".".join)
    clause = _joined(st.one_of(keyed, attribute), st.sampled_from(("", "ASC", "DESC")))
    return st.lists(clause, max_size=3)
