"""The same bytes in several runs and experiments are kept once; no user's edit reaches them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import mlgit

pytestmark = pytest.mark.usefixtures("store")


def log(folder: Path, experiment: str) -> str:
    mlgit.set_experiment(experiment)
    with mlgit.start_run() as run:
        mlgit.log_artifacts(str(folder), "weights")
    return run.info.run_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.bin").write_bytes(os.urandom(300_000))
    return folder


def objects() -> list[Path]:
    found = Path(".git/mlgit/data/objects/sha256").rglob("*")
    return [path for path in found if path.is_file()]


def test_two_experiments_keep_one_copy(folder: Path) -> None:
    log(folder, "one")
    before = {(path.name, path.stat().st_ino) for path in objects()}
    log(folder, "two")
    assert {(path.name, path.stat().st_ino) for path in objects()} == before
    assert len(before) == 3


@pytest.mark.parametrize("named", [True, False])
def test_an_edit_of_what_was_handed_out_or_logged_does_not_reach_the_store(
    folder: Path, tmp_path: Path, named: bool
) -> None:
    run = log(folder, "one")
    target = tmp_path / "out"
    target.mkdir()
    place = {"dst_path": str(target)} if named else {}
    got = Path(mlgit.download_artifacts(run_id=run, artifact_path="weights", **place))
    for path in (got / "0.bin", folder / "1.bin"):
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.write(b"CHANGED")
    again = tmp_path / "again"
    again.mkdir()
    whole = Path(mlgit.download_artifacts(run_id=run, dst_path=str(again)))
    for path in whole.rglob("*.bin"):
        assert not path.read_bytes().startswith(b"CHANGED")
    assert {path.stat().st_nlink for path in objects()} == {1}
