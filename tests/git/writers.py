"""Processes that publish one item after the other and say so when each is acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from mlgit.git.branch import Branch
from mlgit.git.item import Item
from mlgit.git.queue import publish
from mlgit.git.repository import Repository
with Repository.discover() as repository:
    branch = Branch(repository)
    for number in range(int(sys.argv[2])):
        name = f"{sys.argv[1]}-{number}"
        content = {"run.yaml": name.encode(), "metrics.csv": name.encode() * 100, "same": b"same"}
        item = Item(f"runs/e/{name}", content, f"run: {name}", name, "e")
        print(name, publish(branch, item).decode(), flush=True)
"""


def start(repo: Path, count: int, each: int) -> list[subprocess.Popen[str]]:
    """`count` processes that publish `each` items; they print `name commit` a line."""
    argv = [sys.executable, "-c", _PROGRAM]
    return [
        subprocess.Popen(
            [*argv, str(number), str(each)],
            cwd=repo,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]


def acknowledged(children: list[subprocess.Popen[str]]) -> dict[str, str]:
    """Wait for all; name and commit of every item that was acknowledged."""
    told: dict[str, str] = {}
    for child in children:
        out, complaint = child.communicate(timeout=250)
        assert child.returncode == 0, complaint
        told.update(dict(line.split(" ") for line in out.splitlines()))
    return told
