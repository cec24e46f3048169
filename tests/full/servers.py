"""Sharing through every real server, and over lines that fail at every byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.full.step import KEPT, Outcome, pytest

TESTS = (
    "tests/sharing/test_servers.py",
    "tests/sharing/test_server_answers.py",
    "tests/sharing/test_clone_kinds.py",
    "tests/sharing/test_network_faults.py",
    "tests/faults/test_network.py",
    "tests/cli/test_git_host.py",
    "tests/test_serverhooks.py",
)
APART = tuple(f"--ignore={path}" for path in TESTS)
_INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends"]


def step() -> Outcome:
    """Real servers, every kind of clone, and lines that are cut after every byte."""
    KEPT.mkdir(parents=True, exist_ok=True)
    report = KEPT / "servers.xml"
    report.unlink(missing_ok=True)
    more = {"MLGIT_TEST_SERVERS": "required"} if has_ssh() else {}
    done = pytest(sys.executable, *TESTS, f"--junitxml={report}", **more)
    if not report.exists():
        return done
    words = [_counts(report), done.figures, *([] if more else ["without ssh"])]
    return Outcome(done.result, ", ".join(words))


def has_ssh() -> bool:
    """Whether there is an ssh server, installed now if that is allowed."""
    return has("sshd", "openssh-server")


def has(program: str, package: str) -> bool:
    """Whether a program is there, its package installed now if that is allowed."""
    if not _found(program) and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for argv in (["apt-get", "update"], [*_INSTALL, package]):
            subprocess.run(argv, env=quiet, stdout=subprocess.DEVNULL, check=False)
    return _found(program)


def _found(program: str) -> bool:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which(program, path=path) is not None


def _counts(report: Path) -> str:
    """What the tests have counted, all together."""
    total: Counter[str] = Counter()
    for found in ET.parse(report).iter("property"):
        total[found.get("name", "")] += int(found.get("value", "0"))
    return (
        f"{total['cuts']} lines cut or silenced: {total['false']} false claims, "
        f"{total['missed']} arrivals not seen, {total['blocked']} next tries failed, "
        f"{total['damaged']} repositories damaged, {total['touched']} files of others touched"
    )
