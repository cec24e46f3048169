"""Long work shows a sign of life to a person, and nothing to anybody else."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stderr

import pytest

from mlgit.cli import progress
from mlgit.cli.output import Output
from mlgit.cli.terminal import Terminal


def shown(monkeypatch: pytest.MonkeyPatch, patience: float, output: Output) -> str:
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    monkeypatch.setattr(progress, "_PACE", 0.001)
    with redirect_stderr(io.StringIO()) as stream, progress.working(output, "reading\x1b"):
        deadline = time.monotonic() + 5
        while not stream.getvalue() and time.monotonic() < deadline and patience == 0:
            time.sleep(0.001)
    return stream.getvalue()


PERSON = Output(Terminal(), Terminal(interactive=True))


def test_a_person_sees_it_and_it_is_wiped_away(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, 0, PERSON)
    assert "\r| reading\\x1b" in text
    assert text.endswith(" \r")


@pytest.mark.parametrize(
    ("patience", "output"),
    [(60, PERSON), (60, Output(Terminal(), Terminal())), (60, PERSON._replace(quiet=True))],
)
def test_short_work_a_log_file_and_quiet_see_nothing(
    monkeypatch: pytest.MonkeyPatch, patience: float, output: Output
) -> None:
    assert shown(monkeypatch, patience, output) == ""
