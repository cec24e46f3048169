"""A repository somebody else prepared: reading and writing its store runs nothing of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.store.check.check import check
from mlgit.store.doctor.doctor import diagnose
from mlgit.store.store import Store
from tests.store.records import a_run, published
from tests.support.repos import footprint, git

_CONFIG = """
[core]
\thooksPath = {hooks}
\tfsmonitor = {trip}
\tsshCommand = {trip}
\teditor = {trip}
\tpager = {trip}
\taskPass = {trip}
\talternateRefsCommand = {trip}
[credential]
\thelper = !{trip}
[filter "x"]
\tclean = {trip}
\tsmudge = {trip}
\tprocess = {trip}
[merge "x"]
\tdriver = {trip}
[diff]
\texternal = {trip}
[gpg]
\tprogram = {trip}
[alias]
\tgc = !{trip}
[gc]
\tauto = 1
[remote "origin"]
\turl = ext::{trip}
\tfetch = +refs/heads/*:refs/remotes/origin/*
\tuploadpack = {trip}
"""
_HOOKS = ("reference-transaction", "post-commit", "pre-commit", "post-checkout", "pre-auto-gc")


@pytest.fixture
def tripwired(hostile: Path, tmp_path: Path) -> Path:
    """A repository whose config and hooks all leave a mark when they run."""
    trip = tmp_path / "trip"
    trip.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/tripped\n')
    trip.chmod(0o755)
    hooks = hostile / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in _HOOKS:
        (hooks / name).write_bytes(trip.read_bytes())
        (hooks / name).chmod(0o755)
    with (hostile / ".git" / "config").open("a") as file:
        file.write(_CONFIG.format(trip=trip, hooks=hooks))
    (hostile / ".git" / "info").mkdir(exist_ok=True)
    (hostile / ".git" / "info" / "attributes").write_text("* filter=x merge=x diff=x\n")
    return hostile


def test_nothing_that_the_repository_names_is_run(tripwired: Path, tmp_path: Path) -> None:
    before = footprint(tripwired)
    with Store.open(tripwired) as store:
        folders = list(store.snapshot().run_folders())
        assert store.snapshot().run(folders[0]).name
        assert check(store.snapshot(), deep=True) == []
        assert diagnose(store, deep=True)
        for number in range(30):
            published(store, a_run(f"{number:016x}"))
        store.edit_run(folders[0], lambda run: run.with_tag("a", "b"), "tag: a=b")
        assert Store.init(tripwired).what == "present"
    assert not (tmp_path / "tripped").exists()
    assert footprint(tripwired) == before
    git(tripwired, "commit", "-q", "--allow-empty", "-m", "x")
    assert (tmp_path / "tripped").exists(), "the wires are live"


def test_reading_writes_nothing_at_all(tripwired: Path) -> None:
    def everything() -> dict[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in tripwired.rglob("*")}

    before = everything()
    with Store.open(tripwired) as store:
        snapshot = store.snapshot()
        for folder in snapshot.run_folders():
            snapshot.run(folder)
            snapshot.points(folder)
        check(snapshot, deep=True)
        diagnose(store, deep=True)
    assert everything() == before
