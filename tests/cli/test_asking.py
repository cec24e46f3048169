"""A purge asks on a terminal, and does what was answered."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.cli.harness import done

pytestmark = pytest.mark.usefixtures("repo")


def answered(answer: bytes, *args: str) -> tuple[int, str]:
    """The exit code of a command on a terminal where somebody types, and all it printed."""
    outer, inner = pty.openpty()
    argv = [sys.executable, "-m", "mlgit", *args]
    env = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    child = subprocess.Popen(argv, env=env, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    os.write(outer, answer)
    printed = bytearray()
    try:
        while part := os.read(outer, 4096):
            printed += part
    except OSError:  # Linux says EIO when the last writer of a terminal is gone
        pass
    os.close(outer)
    return child.wait(60), printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 130), (b"\n", 130)])
def test_a_purge_asks_first(answer: bytes, code: int) -> None:
    done("init")
    for name in ("one", "two"):
        done("log-run", "--name", name)
    done("rm", "one", "two")
    found, printed = answered(answer, "purge", "one", "two")
    assert found == code
    assert "Purge 2 runs? [y/N]: " in printed
    left = done("runs", "--deleted", "--format", "{name}").split()
    assert left == ([] if code == 0 else ["two", "one"])


def test_what_cannot_be_purged_is_said_before_asking() -> None:
    done("init")
    done("log-run", "--name", "one")
    done("log-run", "--name", "two")
    done("rm", "one")
    found, printed = answered(b"y\n", "purge", "one", "two")
    assert found == 1
    assert "run two is not deleted" in printed
    assert "Purge" not in printed
    assert done("runs", "--deleted", "--format", "{name}").split() == ["one"]
