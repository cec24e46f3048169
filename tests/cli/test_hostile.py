"""Whatever runs are called, no command lets a name move the cursor, hide text or run a formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.harness import Result, done, mlgit

ESCAPE, BIDI, BELL, ZERO = "\x1b[2J", "\u202egnp.exe", "\x07", "\u200b"
FORBIDDEN = {"\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\r", "\x00"}
NAME = f"na{BIDI}me{ZERO}"

COMMANDS = [
    ["runs"],
    ["runs", "--columns", "all"],
    ["show", "@last", "--files"],
    ["compare", "@last", "@{2}", "--all"],
    ["compare", "@last", "@{2}", "--markdown"],
    ["diff", "@{2}", "@last"],
    ["plot", "acc", "@last"],
    ["best", "acc"],
    ["tag", "@last"],
    ["note", "@last"],
    ["experiments"],
    ["artifact", "ls", "@last"],
    ["show", NAME + ESCAPE],
    ["runs", f"metrics.acc > '{ESCAPE}{BIDI}'"],
    ["mv", "@last", f"nowhere{ESCAPE}"],
    [f"no{ESCAPE}such"],
]
SHAPED = {"runs", "show", "compare", "diff", "plot", "best", "experiments", "artifact"}


@pytest.fixture
def store(repo: Path) -> Path:
    done("init")
    (repo / f"re{BIDI}port.txt").write_text("x")
    for number in ("0.5", "0.6"):
        done(
            *("log-run", "-q", "-e", f"exp{BIDI}", "--name", NAME, "-m", f"acc={number}"),
            *("-m", "acc=0.7@1", "-p", f"lr={ESCAPE}{number}", "-p", f"sum==1+{number}"),
            *("-t", f"team={BELL}a\tb\nc\rd", "--note", f"first{ESCAPE}\nsecond{BIDI}"),
            *("-a", f"re{BIDI}port.txt"),
        )
    return repo


def harmless(result: Result) -> bool:
    return not set(result.screen) & FORBIDDEN


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("tty", [True, False])
def test_no_command_prints_a_hostile_character(tty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for command in COMMANDS:
        assert harmless(mlgit(*command, tty=tty)), command
        if command[0] in SHAPED and "--markdown" not in command:
            for shape in ("--json", "--jsonl", "--csv", "--header", "--table"):
                assert harmless(mlgit(*command, shape, tty=tty)), (command, shape)


@pytest.mark.usefixtures("store")
def test_the_values_themselves_survive_in_json() -> None:
    (run,) = json.loads(done("runs", "-n", "1", "--json"))
    assert run["name"] == NAME
    assert run["tags"] == {"team": f"{BELL}a\tb\nc\rd"}
    assert run["note"] == f"first{ESCAPE}\nsecond{BIDI}"


@pytest.mark.usefixtures("store")
def test_a_spreadsheet_gets_text() -> None:
    (row, _) = csv.DictReader(io.StringIO(done("runs", "--csv", "--columns", "sum,acc,name")))
    assert row == {
        "params.sum": "'=1+0.6",
        "metrics.acc": "0.7",
        "name": r"na\u202egnp.exeme\u200b",
    }


@pytest.mark.usefixtures("store")
def test_markdown_cells_stay_cells() -> None:
    done("log-run", "-q", "--name", "a|b<b>@x", "-m", "acc=1", "-p", "lr=`|`")
    table = done("compare", "@{2}", "@last", "--markdown").splitlines()
    assert "<code>a&#x7c;b&#x3c;b>@\u200bx</code>" in table[0]
    assert {line.count("|") for line in table} == {4}


@pytest.mark.usefixtures("store")
def test_an_ascii_terminal_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("NO_COLOR", "1")
    done("log-run", "-q", "--name", "naïve 模型", "-m", "acc=1", "-m", "acc=2@1")
    for command in (
        ["runs"],
        ["show", "@last"],
        ["plot", "acc", "@last"],
        ["compare", "@last", "@{2}"],
    ):
        assert mlgit(*command, tty=True).screen.isascii(), command
