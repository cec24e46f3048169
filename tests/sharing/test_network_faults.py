"""The line fails anywhere: what was said is what is there, and the next try works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sharing.cutting import Tally, cuts, scene, size, sweep
from tests.support.netcut import Fault
from tests.support.servers import ALLOWED

_Report = Callable[[str, object], None]

pytestmark = pytest.mark.usefixtures("_open_network")


@pytest.fixture
def _open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", ALLOWED)
    monkeypatch.setenv("MLGIT_TIMEOUT", "20")


# What differs between the two is the envelope: HTTP's is looked at more coarsely.
_EVERY = {
    ("git", Fault.CUT): 1,
    ("git", Fault.RESET): 41,
    ("http", Fault.CUT): 29,
    ("http", Fault.RESET): 97,
}


def judge(tally: Tally, report: _Report) -> None:
    """Tell the full run how much was tried; nothing may have been wrong."""
    bad = {"false": tally.false, "missed": tally.missed, "blocked": tally.blocked}
    bad |= {"damaged": tally.damaged, "touched": tally.touched}
    for name, number in {"cuts": tally.cuts, "failures": tally.failures, **bad}.items():
        report(name, number)
    assert not any(bad.values()), tally.examples[:5]
    assert tally.cuts


@pytest.mark.parametrize(
    ("act", "kind", "way", "every"),
    [
        ("push", "git", "git", 149),
        ("fetch", "git", "git", 149),
        ("fetch", "http", "git", 307),
        ("push", "git", "dulwich", 149),
        ("fetch", "http", "dulwich", 97),
    ],
)
def test_cut_here_and_there(
    act: str,
    kind: str,
    way: str,
    every: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: _Report,
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    with scene(act, kind, tmp_path) as at:
        judge(sweep(at, cuts(size(at), every)), record_property)


@pytest.mark.full
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
@pytest.mark.parametrize("way", ["git", "dulwich"])
@pytest.mark.parametrize("kind", ["git", "http"])
@pytest.mark.parametrize("act", ["push", "fetch"])
def test_cut_after_every_byte(
    act: str,
    kind: str,
    way: str,
    fault: Fault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: _Report,
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    with scene(act, kind, tmp_path) as at:
        plan = cuts(size(at), _EVERY[kind, fault], fault)
        judge(sweep(at, plan), record_property)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["git", "dulwich"])
@pytest.mark.parametrize("kind", ["git", "http"])
@pytest.mark.parametrize("act", ["push", "fetch"])
def test_hang_after_many_bytes(
    act: str,
    kind: str,
    way: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: _Report,
) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    with scene(act, kind, tmp_path) as at:
        total = size(at)
        monkeypatch.setenv("MLGIT_TIMEOUT", "2")
        judge(sweep(at, cuts(total, 509, Fault.HANG)), record_property)
