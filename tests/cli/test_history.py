"""Points as people and programs write them; what is wrong is named with its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mlgit.cli.history import point_of, points_of_file
from mlgit.cli.request import moment_of, read_document
from mlgit.errors import InvalidValue
from mlgit.records.metrics import Point

NOW = 1_795_421_691_000


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("acc=0.93", Point(0, NOW, "acc", 0.93)),
        ("acc=0.93@5", Point(5, NOW, "acc", 0.93)),
        ("val/acc @1=1e-3@-2", Point(-2, NOW, "val/acc @1", 0.001)),
        ("acc=-inf", Point(0, NOW, "acc", -math.inf)),
        ("a=b=2", None),
        ("acc=1_000", None),
        ("acc=", None),
        ("acc=1@", None),
        ("acc=1@2.5", None),
        ("=1", None),
        ("acc", None),
    ],
)
def test_a_metric_on_the_command_line(text: str, point: Point | None) -> None:
    if point is None:
        with pytest.raises(InvalidValue):
            point_of(text, NOW)
    else:
        assert point_of(text, NOW) == point


def read(tmp_path: Path, text: str) -> list[tuple[int, int, str, float]]:
    path = tmp_path / "points"
    path.write_bytes(text.encode())
    return [point[:4] for point in points_of_file(path, NOW)]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("step,timestamp,key,value\n3,17,acc,0.5\n", [(3, 17, "acc", 0.5)]),
        ("key,value\nacc,0.5\nloss,2\n", [(0, NOW, "acc", 0.5), (0, NOW, "loss", 2.0)]),
        ("step,acc,loss\n1,0.5,\n2,,3\n", [(1, NOW, "acc", 0.5), (2, NOW, "loss", 3.0)]),
        ("acc\n0.5\n0.6\n", [(0, NOW, "acc", 0.5), (1, NOW, "acc", 0.6)]),
        (",step,acc\n0,7,0.5\n", [(7, NOW, "acc", 0.5)]),
        ("\ufeffstep,acc\r\n1.0,0.5\r\n", [(1, NOW, "acc", 0.5)]),
        ('{"step": 1, "acc": 0.5}\n\n{"acc": 0.6}\n', [(1, NOW, "acc", 0.5), (1, NOW, "acc", 0.6)]),
        ('{"step": 1, "key": "a", "value": "NaN", "time": 9}\n', [(1, 9, "a", math.nan)]),
        ("", []),
        ("step,acc\n", []),
    ],
)
def test_a_file_of_points(
    tmp_path: Path, text: str, points: list[tuple[int, int, str, float]]
) -> None:
    assert list(map(repr, read(tmp_path, text))) == list(map(repr, points))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("step,acc\n1,high\n", "points:2, column 'acc': 'high' is not a number"),
        ("step,acc\n1,2,3\n", "points:2: more cells than columns"),
        ("step,acc\nx,2\n", "points:2: 'x' is not a number"),
        ("step,acc\n1.5,2\n", "points:2: '1.5' is not a whole number"),
        ('{"acc": 1}\n{"acc": \n', "line 2 is not JSON"),
        ('{"acc": 1}\n[1]\n', "line 2 is not a JSON object"),
        ('{"acc": true}\n', "points:1, column 'acc': True is not a number"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(tmp_path, text)
    assert said in caught.value.message


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "points"
    path.write_bytes(b"step,acc\n\xff\xfe,1\n")
    with pytest.raises(InvalidValue, match="is not UTF-8 text"):
        points_of_file(path, NOW)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("", None),
        ("2026-11-23", 1_795_392_000_000),
        ("2026-11-23T08:14:51Z", NOW),
        ("2026-11-23T09:14:51+01:00", NOW),
        (str(NOW), NOW),
    ],
)
def test_times(text: str, ms: int | None) -> None:
    assert moment_of(text) == ms


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "99999999999999999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        moment_of(text)


def test_a_document_as_json(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(
        '{"experiment": "churn", "params": {"lr": 0.1, "deep": true}, "note": null,'
        ' "metrics": {"acc": [0.5, {"value": 0.6, "step": 7}], "auc": 1}, "artifacts": ["a"]}'
    )
    request = read_document(str(path), NOW)
    assert request.experiment == "churn"
    assert request.params == {"lr": "0.1", "deep": "True"}
    assert [point[:4] for point in request.metrics] == [
        (0, NOW, "acc", 0.5),
        (7, NOW, "acc", 0.6),
        (0, NOW, "auc", 1.0),
    ]
    assert request.artifacts == [("a", "")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"parms": {}}', "unknown key 'parms'"),
        ('{"params": [1]}', "params must be a mapping"),
        ('{"params": {"a": [1]}}', "not one value"),
        ('{"metrics": {"acc": {"step": 1}}}', "a point needs a value"),
        ('{"artifacts": "a.txt"}', "artifacts must be a list"),
        ('{"artifacts": [1]}', "artifacts must be paths"),
        ("{", "neither JSON nor YAML"),
        ("- a\n- b\n", "neither JSON nor YAML"),
    ],
)
def test_a_document_that_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InvalidValue) as caught:
        read_document(str(path), NOW)
    assert said in caught.value.message
