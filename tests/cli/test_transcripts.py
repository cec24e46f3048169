"""Every page of `tests/transcripts` shows what its commands print.

`MLGIT_UPDATE_TRANSCRIPTS=1 pytest tests/cli` rewrites the pages, docs/cli.md and docs/man.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mlgit.cli.manual import manual
from mlgit.cli.reference import markdown
from tests.cli.harness import ticking
from tests.cli.transcripts import Screen, replay
from tests.support.repos import make_repo

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "tests" / "transcripts").glob("*.md"))
UPDATE = bool(os.environ.get("MLGIT_UPDATE_TRANSCRIPTS"))


def hold(path: Path, now: str) -> None:
    """`path` says `now`, or is made to."""
    assert "[E-BUG]" not in now, "a bug is never what a page should show"
    if UPDATE:
        path.write_text(now, encoding="utf-8")
    assert path.read_text("utf-8") == now


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_session_prints_what_its_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_DATE", "2026-11-23T08:00:00Z")
    monkeypatch.setenv("USER", "ada")
    place = make_repo(tmp_path / "project")
    monkeypatch.chdir(place)
    with ticking() as clock:
        hold(page, replay(page.read_text("utf-8"), Screen(place, clock, monkeypatch)))


def test_the_command_reference_is_what_the_commands_say() -> None:
    hold(ROOT / "docs" / "cli.md", markdown())


def test_the_manual_page_is_what_the_commands_say() -> None:
    hold(ROOT / "docs" / "man" / "mlgit.1", manual())
    assert (ROOT / "docs" / "man" / "git-mlgit.1").read_text() == ".so man1/mlgit.1\n"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_page_is_laid_out_without_a_word_of_complaint() -> None:
    page = ROOT / "docs" / "man" / "mlgit.1"
    argv = ["groff", "-k", "-man", "-ww", "-Tutf8", "-P-c", str(page)]
    done = subprocess.run(argv, capture_output=True, check=True)
    assert done.stderr == b""
    assert b"mlgit log-run" in done.stdout
