"""The artifacts of runs as a file system: listed, read in parts, opened by pandas."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import mlgit
from mlgit.api import context
from mlgit.errors import InvalidState, InvalidValue, NotFound
from mlgit.filesystem import MlgitFileSystem
from mlgit.records.artifact import ArtifactEntry
from mlgit.store.store import Store
from tests.support.repos import make_repo

CSV = "step,loss\n1,0.5\n2,0.25\n"
BIG = b"0123456789" * 20_000


@pytest.fixture
def run(repo: Path) -> Iterator[str]:
    with Store.init(repo).store:
        pass
    with mlgit.start_run(run_name="brisk-otter-12") as active:
        mlgit.log_text(CSV, "data.csv")
        (repo / "model.bin").write_bytes(BIG)
        mlgit.log_artifact(repo / "model.bin", "models/best")
        (repo / "model.bin").unlink()
    yield active.info.run_id
    context.forget()


@pytest.fixture
def files() -> MlgitFileSystem:
    return MlgitFileSystem(skip_instance_cache=True)


def test_files_and_folders_are_listed(run: str, files: MlgitFileSystem) -> None:
    assert files.ls(f"mlgit://{run}", detail=False) == [f"{run}/data.csv", f"{run}/models"]
    assert files.find(run) == [f"{run}/data.csv", f"{run}/models/best/model.bin"]
    assert files.glob(f"mlgit://{run}/**/*.bin") == [f"{run}/models/best/model.bin"]
    assert files.info(f"mlgit://{run}/models/best/model.bin")["size"] == len(BIG)
    assert files.isdir(f"{run}/models")
    assert files.isfile(f"{run}/data.csv")
    assert not files.exists(f"{run}/models/worst")
    with pytest.raises(FileNotFoundError, match="no artifact"):
        files.ls(f"{run}/elsewhere")
    with pytest.raises(FileNotFoundError, match="name a run"):
        files.cat_file("mlgit://")
    with pytest.raises(NotFound):
        files.ls("mlgit://no-such-run")


def test_the_address_alone_lists_the_runs(run: str, files: MlgitFileSystem) -> None:
    with mlgit.start_run(run_name="calm-heron-3") as other:
        mlgit.log_text("x", "a/b.txt")
        ids = [other.info.run_id, run]  # also one that is under way
        assert files.ls("mlgit://", detail=False) == ids
    assert files.ls("", detail=False) == ids
    facts = {"size": 0, "type": "directory", "experiment": "Default"}
    assert files.ls("mlgit://")[0] == {**facts, "name": ids[0], "run_name": "calm-heron-3"}
    assert files.isdir("mlgit://")
    assert files.exists("mlgit://")
    assert files.glob("mlgit://*/*.csv") == [f"{run}/data.csv"]
    assert files.find("mlgit://") == sorted(
        [f"{ids[0]}/a/b.txt", f"{run}/data.csv", f"{run}/models/best/model.bin"]
    )
    mlgit.delete_run(run)
    assert files.ls("mlgit://", detail=False) == ids[:1]


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (3, 12), (-7, None), (None, 5), (5, -5), (9, 3), (0, 10**9)]
)
def test_bytes_are_read_in_parts(
    run: str, files: MlgitFileSystem, start: int | None, end: int | None
) -> None:
    path = f"mlgit://{run}/models/best/model.bin"
    assert files.cat_file(path, start, end) == BIG[start:end]


def test_a_name_of_a_run_will_do_and_nothing_is_written(run: str, files: MlgitFileSystem) -> None:
    assert files.cat_file("mlgit://brisk-otter-12/data.csv").decode() == CSV
    with pytest.raises(NotImplementedError):
        files.open(f"{run}/new.csv", "wb")
    with pytest.raises(NotImplementedError):
        files.pipe_file(f"{run}/new.csv", b"")


def test_another_store_is_named_by_an_option(
    run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path.cwd()
    monkeypatch.chdir(make_repo(tmp_path / "other"))
    other = MlgitFileSystem(store=str(here))
    assert other.cat_file(f"mlgit://{run}/data.csv").decode() == CSV


def test_pandas_reads_by_address_through_the_entry_point(run: str, tmp_path: Path) -> None:
    """In a process of its own, where the package's metadata are those that pyproject says."""
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    found = re.search(r'entry-points\."fsspec\.specs"\]\n(mlgit) = "(.*)"\n', project)
    assert found
    metadata = tmp_path / "site" / "mlgit-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text(f"[fsspec.specs]\n{found[1]} = {found[2]}\n")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mlgit\nVersion: 0.1.0\n")
    path = os.pathsep.join([str(metadata.parent), str(Path(mlgit.__file__).parents[1])])
    program = (
        "import sys, pandas\n"
        f"frame = pandas.read_csv('mlgit://{run}/data.csv')\n"
        f"same = pandas.read_csv('mlgit://{run}/data.csv', storage_options={{'store': '.'}})\n"
        "print(list(frame['loss']), frame.equals(same))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[0.5, 0.25] True\n", done.stderr


@pytest.mark.parametrize("scheme", ["runs:/", "mlgit://"])
def test_an_artifact_is_opened_by_its_address(run: str, scheme: str, tmp_path: Path) -> None:
    assert mlgit.load_text(f"{scheme}{run}/data.csv") == CSV
    found = mlgit.download_artifacts(f"{scheme}{run}/models/", dst_path=tmp_path / "out")
    assert (Path(found) / "best" / "model.bin").read_bytes() == BIG
    with pytest.raises(InvalidValue):
        mlgit.load_text(f"{scheme}/data.csv")


HOSTILE = [
    ArtifactEntry("../../../../etc/passwd", 10, "0" * 64),
    ArtifactEntry("/etc/passwd", 10, "0" * 64),
    ArtifactEntry("passwd", 10, "0" * 64, uri="file:///etc/passwd"),
]


@pytest.mark.parametrize("entry", HOSTILE, ids=lambda entry: entry.path)
def test_a_hostile_manifest_leads_nowhere(
    run: str, files: MlgitFileSystem, entry: ArtifactEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = context.tracker().artifacts(run)
    held.entries[:] = [entry]
    monkeypatch.setattr(files, "_held", lambda _: held)
    assert all("etc" not in name for name in files.ls(run, detail=False))
    with pytest.raises((FileNotFoundError, InvalidState, NotFound)):
        files.cat_file(f"mlgit://{run}/{entry.path}")


def test_pandas_and_the_table_agree(run: str, files: MlgitFileSystem) -> None:
    with files.open(f"mlgit://{run}/data.csv") as file:
        assert pd.read_csv(file)["step"].tolist() == [1, 2]
