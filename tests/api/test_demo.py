"""The demo: a repository of its own, or the one it is in; real models, recorded two ways."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlgit
from mlgit import demo
from mlgit.errors import NotARepository
from mlgit.store.store import Store
from tests.support.repos import footprint, git


def test_a_new_folder_becomes_a_repository_with_the_programs(tmp_path: Path) -> None:
    place = demo.prepare(tmp_path / "new")
    assert (place / "grid.py").is_file()
    assert git(place, "status", "--porcelain").stdout == ""
    with Store.open(place) as store:
        assert store.snapshot().commit


def test_inside_a_repository_it_leaves_the_files_alone(repo: Path) -> None:
    before = footprint(repo)
    assert demo.prepare(repo) == repo
    assert footprint(repo) == before


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "notes.txt").write_text("mine")
    with pytest.raises(NotARepository):
        demo.prepare(tmp_path / "plain")
    assert [path.name for path in (tmp_path / "plain").iterdir()] == ["notes.txt"]


@pytest.mark.full
def test_it_records_several_kinds_of_models_from_python_and_from_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = demo.prepare(Path("new"))
    assert list(demo.record(place)) == ["python grid.py", "sh record.sh"]
    monkeypatch.chdir(place)
    mlgit.set_experiment("demo")
    runs = mlgit.search_runs(output_format="list")
    kinds = [run.data.params["model"] for run in runs]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "logistic": 3,
        "forest": 3,
        "boosting": 3,
        "tree": 2,
    }
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(run.data.metrics["val_acc"] > 0.8 for run in runs)
    curve = next(run for run in runs if run.data.params["model"] == "boosting")
    assert len(mlgit.MlgitClient().get_metric_history(curve.info.run_id, "val_loss")) == 30
    assert git(place, "status", "--porcelain").stdout == ""
