"""A purge asks on a terminal, and does what was answered."""

from __future__ import annotations

import pytest

from tests.cli.harness import done
from tests.support.console import answered

pytestmark = pytest.mark.usefixtures("repo")


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
