"""Artifacts through the API: logged in every form, listed, downloaded and read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mlgit
from mlgit.errors import InvalidValue, NotFound

pytestmark = pytest.mark.usefixtures("store")


def paths(run: mlgit.Run, folder: str = "") -> list[str]:
    listed = mlgit.list_artifacts(run_id=run.info.run_id, artifact_path=folder or None)
    return [one.path for one in listed]


def test_text_is_read_back_while_the_run_lives_and_after() -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("hello", "notes/a.txt")
        assert mlgit.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    assert mlgit.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
    assert paths(run) == ["notes"]
    assert paths(run, "notes") == ["notes/a.txt"]


def test_a_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "d" / "deep").mkdir(parents=True)
    (tmp_path / "d" / "a.txt").write_text("a")
    (tmp_path / "d" / "deep" / "b.txt").write_text("b")
    with mlgit.start_run() as run:
        mlgit.log_artifact(str(tmp_path / "d" / "a.txt"))
        mlgit.log_artifact(str(tmp_path / "d" / "a.txt"), "under")
        mlgit.log_artifacts(str(tmp_path / "d"), "all")
        mlgit.log_artifact(str(tmp_path / "d"))
    assert paths(run) == ["a.txt", "all", "d", "under"]
    assert paths(run, "all") == ["all/a.txt", "all/deep"]
    assert paths(run, "d") == ["d/a.txt", "d/deep"]


def test_a_listing_says_what_is_a_folder_and_how_large_a_file_is() -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("12345", "d/a.txt")
    (folder,) = mlgit.list_artifacts(f"runs:/{run.info.run_id}")
    (file,) = mlgit.list_artifacts(f"runs:/{run.info.run_id}/d")
    assert (folder.path, folder.is_dir, folder.file_size) == ("d", True, None)
    assert (file.path, file.is_dir, file.file_size) == ("d/a.txt", False, 5)


def test_the_last_bytes_at_a_path_count() -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("first", "a.txt")
        mlgit.log_text("second", "a.txt")
    assert mlgit.load_text(f"runs:/{run.info.run_id}/a.txt") == "second"


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_bytes_of_any_size_come_back(tmp_path: Path, size: int) -> None:
    data = np.random.default_rng(1).bytes(size)
    (tmp_path / "blob.bin").write_bytes(data)
    with mlgit.start_run() as run:
        mlgit.log_artifact(str(tmp_path / "blob.bin"))
    got = mlgit.download_artifacts(run_id=run.info.run_id, artifact_path="blob.bin")
    assert Path(got).read_bytes() == data


def test_a_download_goes_where_it_is_told(tmp_path: Path) -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("a", "d/a.txt")
        mlgit.log_text("b", "b.txt")
    target = tmp_path / "out"
    got = mlgit.download_artifacts(f"runs:/{run.info.run_id}", dst_path=str(target))
    assert Path(got) == target
    assert sorted(file.relative_to(target).as_posix() for file in target.rglob("*.txt")) == [
        "b.txt",
        "d/a.txt",
    ]
    got = mlgit.MlgitClient().download_artifacts(run.info.run_id, "d", str(tmp_path / "two"))
    assert (Path(got), (tmp_path / "two" / "d" / "a.txt").read_text()) == (
        tmp_path / "two" / "d",
        "a",
    )


def test_what_is_not_there_is_not_found() -> None:
    with mlgit.start_run() as run:
        pass
    with pytest.raises(NotFound):
        mlgit.download_artifacts(run_id=run.info.run_id, artifact_path="nosuch")
    assert paths(run, "nosuch") == []


@pytest.mark.parametrize(
    ("uri", "artifact_uri", "run_id"),
    [("no uri and no run", None, None), ("both", "runs:/a/b", "a"), ("not ours", "s3://b/x", None)],
)
def test_a_download_names_one_place(uri: str, artifact_uri: str | None, run_id: str | None) -> None:
    assert uri
    with pytest.raises(InvalidValue):
        mlgit.download_artifacts(artifact_uri, run_id=run_id)


@pytest.mark.parametrize("path", ["../a.txt", "/a.txt", "a/../../b", ".git/config", ""])
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with mlgit.start_run(), pytest.raises(InvalidValue):
        mlgit.log_text("x", path)


def test_a_dictionary_by_the_files_ending() -> None:
    data = {"a": 1, "b": [1.5, None], "c": {"d": "ü"}}
    with mlgit.start_run() as run:
        for name in ("d.json", "d.yaml", "d.yml", "plain"):
            mlgit.log_dict(data, name)
    base = f"runs:/{run.info.run_id}"
    for name in ("d.json", "plain"):
        assert mlgit.load_dict(f"{base}/{name}") == data
    assert "a: 1\n" in mlgit.load_text(f"{base}/d.yaml")
    assert "a: 1\n" in mlgit.load_text(f"{base}/d.yml")


def test_numpy_values_in_a_dictionary_are_written_as_numbers() -> None:
    with mlgit.start_run() as run:
        mlgit.log_dict({"a": np.float32(0.5), "b": np.arange(2), "when": Path("x")}, "d.json")
    assert mlgit.load_dict(f"runs:/{run.info.run_id}/d.json") == {
        "a": 0.5,
        "b": [0, 1],
        "when": "x",
    }


def test_a_figure_and_an_image() -> None:
    from matplotlib.figure import Figure

    with mlgit.start_run() as run:
        mlgit.log_figure(Figure(figsize=(1, 1)), "plots/a.png")
        mlgit.log_image(np.zeros((4, 6, 3), dtype=np.uint8), "b.png")
    assert mlgit.load_image(f"runs:/{run.info.run_id}/b.png").size == (6, 4)
    assert paths(run, "plots") == ["plots/a.png"]


def test_images_of_a_series_are_named_for_key_step_and_time() -> None:
    with mlgit.start_run() as run:
        image = Image.fromarray(np.zeros((4, 4), dtype=np.uint8))
        mlgit.log_image(image, key="dogs/1", step=3, timestamp=77)
    names = paths(run, "images")
    assert len(names) == 2
    base = "images/dogs#1+step+3+timestamp+77+"
    assert all(name.startswith(base) for name in names)
    assert sorted(name.partition(".")[2] for name in names) == ["png", "webp"]
    assert next(name for name in names if name.endswith(".webp")).endswith("+compressed.webp")
    assert mlgit.get_run(run.info.run_id).data.tags["mlflow.loggedImages"] == "True"


@pytest.mark.parametrize("arguments", [{}, {"artifact_file": "a.png", "key": "k"}])
def test_an_image_has_a_file_or_a_key(arguments: dict[str, str]) -> None:
    with mlgit.start_run(), pytest.raises(InvalidValue):
        mlgit.log_image(np.zeros((2, 2)), **arguments)  # type: ignore[arg-type]


def test_a_table_grows_and_is_tagged() -> None:
    with mlgit.start_run() as run:
        mlgit.log_table({"q": ["a"], "n": [1]}, "t.json")
        mlgit.log_table({"q": ["b"], "n": [2]}, "t.json")
    frame = mlgit.load_table("t.json")
    assert frame.to_dict("list") == {"q": ["a", "b"], "n": [1, 2]}
    tag = mlgit.get_run(run.info.run_id).data.tags["mlflow.loggedArtifacts"]
    assert json.loads(tag) == [{"path": "t.json", "type": "table"}]


def test_tables_of_several_runs_are_read_as_one() -> None:
    ids = []
    for number in range(2):
        with mlgit.start_run() as run:
            mlgit.log_table({"n": [number]}, "t.json")
            mlgit.log_param("lr", number)
            ids.append(run.info.run_id)
    with mlgit.start_run():
        mlgit.log_param("lr", 9)
    frame = mlgit.load_table("t.json", extra_columns=["run_id", "params.lr"])
    rows = {(row["run_id"], row["params.lr"], row["n"]) for _, row in frame.iterrows()}
    assert rows == {(ids[0], "0", 0), (ids[1], "1", 1)}
    assert list(mlgit.load_table("t.json", run_ids=ids[:1])["n"]) == [0]
    with pytest.raises(NotFound):
        mlgit.load_table("nosuch.json")


@pytest.mark.parametrize("stream", [io.BytesIO(b"abc"), io.StringIO("abc")])
def test_a_stream_is_kept_whole(stream: Any) -> None:
    with mlgit.start_run() as run:
        mlgit.log_stream(stream, "s.txt")
    assert mlgit.load_text(f"runs:/{run.info.run_id}/s.txt") == "abc"


def test_the_uri_of_a_path_leads_back_to_it() -> None:
    with mlgit.start_run() as run:
        mlgit.log_text("x", "a.txt")
        assert mlgit.get_artifact_uri() == run.info.artifact_uri
        uri = mlgit.get_artifact_uri("a.txt")
    assert mlgit.load_text(uri) == "x"
