"""What tests of runs ask of a store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlgit.records.run import Run
from mlgit.runs.journal_file import JournalFile
from mlgit.runs.journal_records import START, Header
from mlgit.runs.process_identity import this_process
from mlgit.store.store import Store
from tests.support.repos import git

WRITER = "0a1b2c3d"


def header(role: str = START, writer: str = WRITER) -> Header:
    """A header of this process; the run it speaks of is not looked at."""
    return Header(role, "", "", "default", "runs/default/x", this_process(), writer, 1_000)


def journal_file(folder: Path, *, strict: bool = False) -> JournalFile:
    """A journal file in `folder`, of a run called like it."""
    return JournalFile(folder, header(), strict=strict)


def published(store: Store, run_id: str) -> tuple[str, Run]:
    """Folder and record of a run on the branch; exactly one must be there."""
    snapshot = store.snapshot()
    [folder] = snapshot.find_run(run_id)
    return folder, snapshot.run(folder)


def commits(store: Store) -> int:
    """How many commits the branch has."""
    work_tree = store.home.work_tree
    assert work_tree is not None
    return int(git(work_tree, "rev-list", "--count", "mlgit", check=True).stdout)


def every_blob(path: Path) -> bytes:
    """The content of every object of a repository, reachable or not, one after the other."""
    listed = git(path, "cat-file", "--batch-check", "--batch-all-objects", check=True).stdout
    names = "\n".join(line.split()[0] for line in listed.splitlines())
    done = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=path,
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


def python(program: str, *arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start a Python program whose lines on standard output are read as they come."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", program, *arguments],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
