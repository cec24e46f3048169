"""Every format for programs: exact values, whole names, nothing that runs or moves the cursor."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.cli.machine import as_csv, as_json, as_json_lines, as_tsv, text
from mlgit.cli.table import Cell, Column, lay_out
from mlgit.cli.template import look_up, render
from mlgit.cli.terminal import Terminal
from mlgit.errors import InvalidValue

RUN = {"name": "brisk-otter", "metrics": {"acc": 0.123456789, "a.b": 1, "c:d": 2}, "tags": {}}
HOSTILE = ["\x1b[2J", "a\tb", "line\nline", "\u202egnp", "\r", "\x07", "\udcff", "=1+1", '"']


def test_json_keeps_what_json_cannot_hold() -> None:
    value = {"nan": math.nan, "up": math.inf, "down": -math.inf, "deep": [math.nan], "n": 1.0}
    assert json.loads(as_json(value)) == {
        "nan": "NaN",
        "up": "Infinity",
        "down": "-Infinity",
        "deep": ["NaN"],
        "n": 1.0,
    }


def test_json_lines_are_lines() -> None:
    lines = list(as_json_lines([{"a": "x\ny"}, {"a": 2}]))
    assert [json.loads(line) for line in lines] == [{"a": "x\ny"}, {"a": 2}]
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\\rx"),
        ("-0.5", "-0.5"),
        ("+1e3", "+1e3"),
        (-0.5, "-0.5"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
        (None, ""),
        (True, "true"),
        ('say "hi", twice', '"say ""hi"", twice"'),
        ("=1,\n2", '"\'=1,\n2"'),
    ],
)
def test_a_spreadsheet_runs_nothing_and_numbers_are_untouched(value: object, cell: str) -> None:
    assert list(as_csv(["h"], [[value]], header=False)) == [cell]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_csv_has_the_same_shape_whatever_it_holds(rows: list[list[str]]) -> None:
    written = "\n".join(as_csv(["a", "b"], rows, header=True))
    read = list(csv.reader(io.StringIO(written, newline="")))
    assert [len(row) for row in read] == [2] * (len(rows) + 1)


@given(st.lists(st.lists(st.text(st.characters(codec=None)), min_size=2, max_size=2)))
def test_tsv_is_one_line_a_row(rows: list[list[str]]) -> None:
    lines = list(as_tsv(["a", "b"], rows, header=False))
    assert [len(line.split("\t")) for line in lines] == [2] * len(rows)
    assert not any(control in line for line in lines for control in "\n\r\x1b\x85\u2028")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_format_lets_a_name_reach_the_terminal_raw(name: str) -> None:
    document = {"name": name, name: name}
    table, _ = lay_out([Column(name, [Cell(name)])], Terminal())
    texts = [
        as_json(document),
        *as_csv([name], [[name]], header=True),
        *as_tsv([name], [[name]], header=True),
        *render("{name}", [document]),
        *table,
    ]
    for written in texts:
        assert not set(written) & set("\x1b\x07\r\u202e\udcff\x85")


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{name}", "brisk-otter"),
        (r"{name}\t{metrics.acc}", "brisk-otter\t0.123456789"),
        ("{metrics.acc:.3f}", "0.123"),
        ("{metrics.acc:>8.2f}|", "    0.12|"),
        ("{name:<14}|", "brisk-otter   |"),
        ("{metrics.acc:.1%}", "12.3%"),
        ("{metrics.a.b}", "1"),
        ("{metrics.c:d}", "2"),
        ("{metrics.missing}", ""),
        ("{metrics.missing:.3f}", ""),
        ("{missing.deeper}", ""),
        ("{{name}}", "{name}"),
        ("{metrics}", '{"acc": 0.123456789, "a.b": 1, "c:d": 2}'),
        ("{name.__class__.__mro__}", ""),
        ("{__class__}", ""),
    ],
)
def test_a_template_fills_in_fields_and_nothing_else(template: str, line: str) -> None:
    assert list(render(template, [RUN])) == [line]


@pytest.mark.parametrize(
    "template", ["{name", "name}", "{name:>9999}", "{metrics.acc:x}", "{a{b}}"]
)
def test_a_template_that_is_not_understood_is_refused(template: str) -> None:
    with pytest.raises(InvalidValue):
        list(render(template, [RUN]))


def test_look_up_prefers_the_whole_key() -> None:
    assert look_up({"a.b": 1, "a": {"b": 2}}, "a.b") == 1


def test_text_of_numbers_is_exact() -> None:
    assert text(0.1 + 0.2) == "0.30000000000000004"


COLUMNS = [
    Column("RUN", [Cell("模型"), Cell("b")]),
    Column("acc", [Cell("0.5"), Cell("12.25")], right=True),
    Column("note", [Cell("x" * 50), Cell("")], limit=10),
]


def test_a_table_is_aligned_and_clipped() -> None:
    lines, left = lay_out(COLUMNS, Terminal(width=80))
    assert lines == ["RUN     acc  note", "模型    0.5  xxxxxxxxx…", "b     12.25"]
    assert left == []


def test_columns_that_do_not_fit_are_named() -> None:
    lines, left = lay_out(COLUMNS, Terminal(width=14))
    assert lines == ["RUN     acc", "模型    0.5", "b     12.25"]
    assert left == ["note"]


def test_a_text_that_is_too_wide_is_cut_where_it_can_still_be_read() -> None:
    lines, left = lay_out([COLUMNS[0], Column("note", [Cell("x" * 50)] * 2)], Terminal(width=20))
    assert lines == ["RUN   note", "模型  xxxxxxxxxxxxx…", "b     xxxxxxxxxxxxx…"]
    assert left == []


def test_ascii_tables_are_ascii() -> None:
    lines, _ = lay_out(COLUMNS, Terminal(unicode=False))
    assert "".join(lines).isascii()
    assert lines[1].startswith("\\u6a21\\u578b")
