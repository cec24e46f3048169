"""What goes wrong in MLflow's file store, and what is read of it all the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.bridges.importing.bring import Brought, bring
from mlgit.bridges.sources.mlflow import open_mlflow
from mlgit.client import MlgitClient
from mlgit.store.store import Store
from tests.bridges.sources.made import write_mlruns

RUN = "0a" * 16
Spoil = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "mlruns"


def brought(repo: Path, root: Path, *others: Path) -> tuple[Brought, MlgitClient]:
    found = bring(Store.init(repo).store, open_mlflow(str(root), others))
    return found, MlgitClient(repo)


def lost(found: Brought) -> str:
    return "\n".join(f"{loss.what}: {loss.reason}" for loss in found.lost)


@pytest.mark.parametrize(
    ("text", "points", "said"),
    [
        ("1700000000000 0.5 1.5\n", [(1, 0.5)], ""),
        ("1700000000000 0.5\n", [(0, 0.5)], ""),
        ("1700000000000 0.5 3 train abc1\n", [(3, 0.5)], ""),
        ("1700000000000 0.5 3 my train set abc1\n", [(3, 0.5)], ""),
        ("1700000000000 0.5 3\n1700000000000 0.5 3\n", [(3, 0.5)], ""),
        ("1700000000000 0.5 3\n17000000", [(3, 0.5)], "a line of 1 fields is left out"),
        ("1700000000000 0.5 3\n\n\x00\x00\n", [(3, 0.5)], "a line of 1 fields is left out"),
        ("1700000000000 half 3\n", [], "a line is left out"),
        ("1700000000000 inf -3\n", [(-3, float("inf"))], ""),
        (f"1700000000000 0.5 {10**30}\n", [], "too big"),
        ("", [], ""),
    ],
)
def test_lines_of_metrics(
    repo: Path, root: Path, text: str, points: list[tuple[int, float]], said: str
) -> None:
    (write_mlruns(root) / "metrics/loss").write_text(text)
    found, client = brought(repo, root)
    history = client.get_metric_history(RUN, "loss")
    assert [(one.step, one.value) for one in history] == points
    assert said in lost(found)
    assert bool(said) == bool(found.lost)


def test_a_dataset_of_a_point_and_its_step_are_kept(repo: Path, root: Path) -> None:
    (write_mlruns(root) / "metrics/loss").write_text("1700000000000 0.5 3 train abc1\n")
    _, client = brought(repo, root)
    (point,) = client.get_metric_history(RUN, "loss")
    assert (point.step, point.dataset_name, point.dataset_digest) == (3, "train", "abc1")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: (run / "meta.yaml").unlink(), "its meta.yaml is lost"),
        (lambda run: (run / "meta.yaml").write_text(""), "its meta.yaml is lost"),
        (lambda run: (run / "meta.yaml").write_text("run_id: [\n"), "cannot be read"),
        (lambda run: (run.parent / "meta.yaml").unlink(), "its meta.yaml is lost"),
        (lambda run: (run / "params/lr").write_bytes(b"0.\xff"), "no UTF-8"),
        (lambda run: (run / "params/lr").write_text("x" * 7_000), "6000"),
        (lambda run: (run / "params/a;b").write_text("1"), "a;b"),
        (lambda run: (run / "metrics/a;b").write_text("1 2 3\n"), "a;b"),
    ],
)
def test_what_is_spoilt_is_named_and_the_rest_comes(
    repo: Path, root: Path, spoil: Spoil, said: str
) -> None:
    spoil(write_mlruns(root))
    found, client = brought(repo, root)
    assert said in lost(found)
    assert len(client.get_metric_history(RUN, "loss")) == 3
    assert client.list_artifacts(RUN)[0].path == "plots"


def test_a_run_without_a_record_is_marked(repo: Path, root: Path) -> None:
    (write_mlruns(root) / "meta.yaml").unlink()
    _, client = brought(repo, root)
    run = client.get_run(RUN)
    assert (run.info.status, run.info.start_time) == ("FAILED", 1_700_000_000_000)
    assert run.data.tags["mlgit.import.rescued"]


def test_numbers_instead_of_texts_as_old_versions_wrote_them(repo: Path, root: Path) -> None:
    run = write_mlruns(root)
    for path in (run / "meta.yaml", run.parent / "meta.yaml"):
        path.write_text(path.read_text().replace("'12'", "12").replace("run_name: first\n", ""))
    (run / "tags/mlflow.runName").write_text("by its tag")
    _, client = brought(repo, root)
    assert client.get_run(RUN).info.run_name == "by its tag"
    assert client.get_experiment("12").name == "demo"


def test_what_was_deleted_stays_deleted(repo: Path, root: Path) -> None:
    run = write_mlruns(root)
    (root / ".trash").mkdir()
    shutil.move(root / "12", root / ".trash/12")
    (root / ".trash/12" / RUN / "meta.yaml").write_text(
        "run_id: x\nlifecycle_stage: deleted\ndeleted_time: 1700000010000\nstart_time: 1\n"
    )
    assert not run.exists()
    _, client = brought(repo, root)
    assert client.get_experiment("12").lifecycle_stage == "deleted"
    assert client.get_run(RUN).info.lifecycle_stage == "deleted"


def test_a_folder_inside_a_key(repo: Path, root: Path) -> None:
    run = write_mlruns(root)
    (run / "params/model").mkdir()
    (run / "params/model/layers").write_text("3\n4")
    _, client = brought(repo, root)
    assert client.get_run(RUN).data.params["model/layers"] == "3\n4"


def test_no_file_outside_the_source_is_taken(repo: Path, root: Path, tmp_path: Path) -> None:
    """A store may come from anybody, and its addresses say whatever they like."""
    run = write_mlruns(root)
    shutil.rmtree(run / "artifacts")
    away = tmp_path.parent / f"{tmp_path.name}-away"
    away.mkdir()
    (away / "secret.txt").write_text("secret")
    meta = run / "meta.yaml"
    there = f"file:///elsewhere/mlruns/12/{RUN}/artifacts"
    meta.write_text(meta.read_text().replace(there, away.as_uri()))
    _, client = brought(repo, root)
    assert not client.list_artifacts(RUN)


def test_folders_that_the_user_names_are_searched(repo: Path, root: Path, tmp_path: Path) -> None:
    run = write_mlruns(root)
    away = tmp_path.parent / f"{tmp_path.name}-away/12" / RUN
    away.mkdir(parents=True)
    shutil.move(run / "artifacts", away / "artifacts")
    _, client = brought(repo, root, away.parent.parent)
    assert [one.path for one in client.list_artifacts(RUN)] == ["plots"]


def test_a_link_out_of_the_artifacts_is_left_out(repo: Path, root: Path, tmp_path: Path) -> None:
    run = write_mlruns(root)
    (tmp_path / "outside.txt").write_text("outside")
    (run / "artifacts/link").symlink_to(tmp_path / "outside.txt")
    found, client = brought(repo, root)
    assert [one.path for one in client.list_artifacts(RUN)] == ["plots"]
    assert "artifact link" in lost(found)


def test_a_run_under_way_is_finished_by_the_next_import(repo: Path, root: Path) -> None:
    run = write_mlruns(root)
    whole = (run / "meta.yaml").read_text()
    (run / "meta.yaml").write_text(whole.replace("status: 3", "status: 1"))
    first, client = brought(repo, root)
    assert (first.runs, first.unfinished) == (1, 1)
    client.set_tag(RUN, "mine", "kept")
    (run / "meta.yaml").write_text(whole)
    with (run / "metrics/loss").open("a") as file:
        file.write("1700000003000 0.125 3\n")
    second, client = brought(repo, root)
    found = client.get_run(RUN)
    assert (second.runs, found.info.status, found.data.tags["mine"]) == (1, "FINISHED", "kept")
    assert len(client.get_metric_history(RUN, "loss")) == 4


def test_an_import_that_was_cut_off_goes_on_where_it_was(
    repo: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"{number:032x}" for number in range(5)]
    for run_id in ids:
        write_mlruns(root, run_id)
    monkeypatch.setattr("mlgit.bridges.importing.bring._RUNS", 2)
    store, source = Store.init(repo).store, open_mlflow(str(root))
    with pytest.raises(KeyboardInterrupt):
        bring(store, source, progress=_cut_off)
    assert len(list(store.snapshot().run_folders())) == 2
    again = bring(store, open_mlflow(str(root)))
    assert (again.known, again.runs) == (2, 3)


def _cut_off(_: int) -> None:
    raise KeyboardInterrupt
