"""Every filter and order of docs/query.md finds what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.records.run import MetricSummary, Run, RunStatus
from mlgit.search.expression import Kind
from mlgit.search.fields import RUNS
from mlgit.search.literals import moment, span
from mlgit.search.match import Subject
from mlgit.search.order import ordered, parse_order
from mlgit.search.query import parse
from mlgit.search.question import Question
from mlgit.search.scan import select
from mlgit.times import Sources, pinned

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text("utf-8")
NAMES = ["otter", "moth", "heron", "lynx", "newt"]
NOW = moment("2026-11-24") or 0


def tables(mark: str) -> Iterator[list[str]]:
    """The cells of each row of the tables behind `<!-- mark -->`."""
    for table in re.findall(rf"<!-- {mark} -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE):
        for row in table.splitlines():
            yield [cell.strip() for cell in row.strip("|").split("|")]


def code(cell: str) -> str:
    """The content of a cell in backticks."""
    ticks = re.match("`+", cell)
    assert ticks is not None
    return cell[len(ticks[0]) : -len(ticks[0])]


def subject(number: int, row: list[str]) -> Subject:
    name, status, start, took, user, experiment, acc, loss, lr, model, team = row
    began = moment(start) or 0
    run = Run(
        id=f"{number:016x}",
        name=name,
        experiment_id=experiment,
        status=RunStatus(status),
        start=began,
        end=began + (span(took) or 0) if took else None,
        user=user,
        metrics={k: one(float(v)) for k, v in (("acc", acc), ("loss", loss)) if v},
        params={key: text for key, text in (("lr", lr), ("model", model)) if text},
        tags={"team": team} if team else {},
    )
    return Subject(run, experiment)


def one(value: float) -> MetricSummary:
    return MetricSummary(value, 0, NOW, value, value, 1)


RUNS_SHOWN = [subject(number, row) for number, row in enumerate(tables("runs"), 1)]


def test_the_page_shows_five_runs() -> None:
    assert [subject.run.name for subject in RUNS_SHOWN] == [
        "otter",
        "moth",
        "heron",
        "lynx",
        "newt",
    ]


@pytest.mark.parametrize(("written", "found"), [row[:2] for row in tables("examples")])
def test_a_filter_finds_what_stands_beside_it(written: str, found: str) -> None:
    with pinned(Sources(clock=lambda: NOW)):
        question = Question(parse(code(written)))
    names = {subject.run.name for subject in select(RUNS_SHOWN, question, {})}
    assert names == set(found.split())


@pytest.mark.parametrize(("written", "given"), [row[:2] for row in tables("orders")])
def test_an_order_gives_what_stands_beside_it(written: str, given: str) -> None:
    found = ordered(RUNS_SHOWN, parse_order([code(written)]))
    assert [subject.run.name for subject in found] == given.split()


def test_the_page_lists_every_attribute_and_alias() -> None:
    listed = {code(row[0]): {code(part) for part in row[1].split()} for row in tables("attributes")}
    assert set(listed) == set(RUNS.attributes)
    known: dict[str, set[str]] = {name: set() for name in RUNS.attributes}
    for alias, name in RUNS.aliases.items():
        known[name].add(alias)
    assert listed == known


def test_the_page_lists_every_prefix() -> None:
    listed = set(re.findall(r"`([a-z]+)\.`", PAGE))
    assert {prefix for prefix, kind in RUNS.prefixes.items() if kind in Kind} <= listed
