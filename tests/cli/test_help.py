"""Help of commands, topics and codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mlgit.store as mlgit_store
from mlgit.cli.commands.meta import check_codes, topics
from mlgit.cli.document import run_document
from mlgit.records.run import Run, RunStatus
from mlgit.times import now_ms
from tests.cli.harness import done, mlgit


def test_the_topics() -> None:
    assert topics() == ["checks", "codes", "filters", "formats", "gates", "layout"]
    for topic in topics():
        assert done("help", topic).startswith(f"# {topic}: ")


@pytest.mark.parametrize("command", ["runs", "artifact", "artifact get", "experiments create"])
def test_help_of_a_command_is_its_help(command: str) -> None:
    words = command.split()
    assert done("help", *words) == done(*words, "--help")


def test_an_error_code_in_any_case() -> None:
    assert done("help", "e-nostore") == done("help", "E-NOSTORE")
    assert "mlgit init" in done("help", "E-NOSTORE")


def test_every_code_of_a_check_is_explained() -> None:
    store = Path(mlgit_store.__file__).parent
    face = [store.parent / "checking.py", store.parent / "breaches.py"]
    sources = [path.read_text("utf-8") for path in [*store.rglob("*.py"), *face]]
    words = re.compile(r'"([a-z]+(?:-[a-z]+)+|copy|more|large|patch|orphan|digest|summary)"')
    known = check_codes()
    for code in known:
        assert any(f'"{code}"' in source for source in sources), code
        assert len(done("help", code).splitlines()) > 1
    used = set()
    for path in [*(store / "check").glob("*.py"), store / "survey.py", store / "entries.py", *face]:
        used |= set(words.findall(path.read_text("utf-8")))
    assert used - {"logged-model"} <= set(known)


@pytest.mark.parametrize("words", [["rnus"], ["artifact", "got"], ["runs", "deeper"]])
def test_what_there_is_no_help_for(words: list[str]) -> None:
    result = mlgit("help", *words)
    assert result.code == 3
    assert "there is no topic or command" in result.stderr


@pytest.mark.parametrize("width", ["40", "200"])
def test_help_reads_the_same_everywhere(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = done("runs", "--help")
    monkeypatch.setenv("COLUMNS", width)
    assert done("runs", "--help", tty=True) == usual
    assert max(map(len, usual.splitlines())) <= 80


@pytest.mark.parametrize(("late", "status"), [(-1, "LOST"), (60_000, "RUNNING")])
def test_a_run_that_missed_its_sign_of_life_is_lost(late: int, status: str) -> None:
    now = now_ms()
    run = Run("0" * 16, "r", "0", RunStatus.RUNNING, now - 1000, alive_until=now + late)
    assert run_document(run, "churn")["status"] == status
