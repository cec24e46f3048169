"""Starting other programs: every call ends, and a detached one outlives its starter."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from mlgit import process

PATIENCE = 60.0  # seconds until a child that never answers fails the test

REPORT = """
import json, os, pathlib, sys, time
starter, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
while os.getppid() == starter:
    time.sleep(0.01)
draft = out.with_suffix(".draft")
draft.write_text(json.dumps({"session": os.getsid(0), "nice": os.nice(0), "pid": os.getpid()}))
draft.replace(out)
"""

STARTER = """
import os, pathlib, sys
from mlgit import process
process.spawn_detached([sys.executable, "-c", sys.argv[1], str(os.getpid()), sys.argv[2]],
                       cwd=pathlib.Path.cwd())
print(os.getsid(0))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sessions and niceness are POSIX's")
def test_a_detached_program_outlives_its_starter_and_yields_to_others(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    started = process.run([sys.executable, "-c", STARTER, REPORT, str(out)], timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    report = json.loads(out.read_text())
    assert report["session"] != int(started.stdout)
    assert report["nice"] >= 10


def test_a_detached_program_needs_a_directory_that_exists(tmp_path: Path) -> None:
    with pytest.raises(process.CommandFailed):
        process.spawn_detached([sys.executable, "-c", ""], cwd=tmp_path / "missing")


def test_a_partner_is_talked_with_and_ended(tmp_path: Path) -> None:
    echo = "import sys; sys.stdout.write(sys.stdin.readline().upper()); sys.stdout.flush(); "
    with process.Partner([sys.executable, "-c", f"{echo}input()"], cwd=tmp_path) as partner:
        partner.stdin.write(b"word\n")
        partner.stdin.flush()
        assert partner.stdout.readline().split() == [b"WORD"]
        partner.stdin.write(b"x" * 100)  # that nobody will read
    assert partner.stdout.closed


def test_a_partner_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(process.CommandFailed):
        process.Partner([str(tmp_path / "missing")], cwd=tmp_path)
