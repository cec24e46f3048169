"""MLflow's autologging of each framework, unchanged: all that it logs is on the branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from mlgit import MlgitClient
from mlgit.entities import Run
from mlgit.published import PublishedRun
from tests.cli.harness import done

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]
_ROWS = [[float(x), float(x % 7)] for x in range(40)]
_CLASSES = [int(x > 20) for x in range(40)]


@pytest.fixture(autouse=True)
def quiet(
    mlflow: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """No hub is asked; what MLflow could not log, which it only warns of, fails the test."""
    for key in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "MLFLOW_DISABLE_TELEMETRY"):
        monkeypatch.setenv(key, "1")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    yield
    mlflow.autolog(disable=True)
    printed = "".join(capfd.readouterr())
    assert not re.search("Encountered (an )?(unexpected|exception)|Failed to", printed)


def test_scikit_learn(mlflow: Any, ours: MlgitClient) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    mlflow.autolog()
    with mlflow.start_run() as run:
        model = linear.LogisticRegression(C=0.5).fit(rows := _frame(), _CLASSES)
        model.score(rows, _CLASSES)
    seen = _published(ours, run.info.run_id)
    assert seen.data.params["C"] == "0.5"
    assert seen.data.metrics["training_score"] == seen.data.metrics["LogisticRegression_score_rows"]
    assert {"estimator.html", "metric_info.json"} <= _files(ours, run.info.run_id)
    model_id = _model(ours, run.info.run_id, "model.pkl")
    assert list(_loaded(mlflow, model_id).predict(_frame())) == list(model.predict(_frame()))
    assert [one.dataset.name for one in seen.inputs.dataset_inputs] == ["dataset"]


def test_a_search_of_scikit_learn_is_a_run_with_children(mlflow: Any, ours: MlgitClient) -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    linear = import_module("sklearn.linear_model")
    mlflow.sklearn.autolog()
    grid = selection.GridSearchCV(linear.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    with mlflow.start_run() as run:
        grid.fit(_frame(), _CLASSES)
    parent = _published(ours, run.info.run_id)
    children = ours.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert sorted(one.data.params["C"] for one in children) == ["0.1", "1.0"]
    assert all("mean_test_score" in one.data.metrics for one in children)
    assert parent.data.params["best_C"] in ("0.1", "1.0")
    assert "cv_results.csv" in _files(ours, run.info.run_id)


def test_xgboost(mlflow: Any, ours: MlgitClient) -> None:
    xgboost = pytest.importorskip("xgboost")
    numpy = import_module("numpy")
    mlflow.xgboost.autolog()
    data = xgboost.DMatrix(numpy.array(_ROWS), numpy.array(_CLASSES))
    asked = {"objective": "binary:logistic", "max_depth": 2}
    with mlflow.start_run() as run:
        xgboost.train(asked, data, num_boost_round=5, evals=[(data, "train")])
    seen = _published(ours, run.info.run_id)
    assert (seen.data.params["max_depth"], seen.data.params["num_boost_round"]) == ("2", "5")
    assert _steps(ours, run.info.run_id, "train-logloss") == [0, 1, 2, 3, 4]
    assert "feature_importance_weight.json" in _files(ours, run.info.run_id)
    model_id = _model(ours, run.info.run_id, "model.ubj")
    assert len(_loaded(mlflow, model_id).predict(_frame())) == len(_ROWS)


def test_lightgbm(mlflow: Any, ours: MlgitClient) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    mlflow.lightgbm.autolog()
    data = lightgbm.Dataset(_frame(), _CLASSES)
    asked = {"objective": "binary", "num_leaves": 3, "min_data_in_leaf": 2, "verbose": -1}
    with mlflow.start_run() as run:
        lightgbm.train(asked, data, num_boost_round=5, valid_sets=[data], valid_names=["train"])
    seen = _published(ours, run.info.run_id)
    assert (seen.data.params["num_leaves"], seen.data.params["num_boost_round"]) == ("3", "5")
    assert _steps(ours, run.info.run_id, "train-binary_logloss") == [0, 1, 2, 3, 4]
    assert "feature_importance_gain.json" in _files(ours, run.info.run_id)
    model_id = _model(ours, run.info.run_id, "model.lgb")
    assert len(_loaded(mlflow, model_id).predict(_frame())) == len(_ROWS)


def test_pytorch_lightning(mlflow: Any, ours: MlgitClient, tmp_path: Path) -> None:
    lightning = pytest.importorskip("pytorch_lightning")
    numpy, torch = import_module("numpy"), import_module("torch")
    mlflow.pytorch.autolog(checkpoint_monitor="loss")
    rows = torch.utils.data.TensorDataset(torch.tensor(_ROWS), torch.tensor(_CLASSES).float())
    trainer = lightning.Trainer(
        max_epochs=3, accelerator="cpu", default_root_dir=tmp_path, enable_progress_bar=False
    )
    with mlflow.start_run() as run:
        trainer.fit(_lightning_module(lightning, torch), torch.utils.data.DataLoader(rows, 20))
    seen = _published(ours, run.info.run_id)
    assert (seen.data.params["epochs"], seen.data.params["optimizer_name"]) == ("3", "SGD")
    assert _steps(ours, run.info.run_id, "loss") == [0, 1, 2]
    assert {"model_summary.txt", "checkpoints"} <= _files(ours, run.info.run_id)
    model_id = _model(ours, run.info.run_id, "data")
    assert _loaded(mlflow, model_id).predict(numpy.array(_ROWS, "float32")).shape == (40, 1)


def test_keras(mlflow: Any, ours: MlgitClient) -> None:
    pytest.importorskip("torch")  # what it computes with here
    keras = pytest.importorskip("keras")
    numpy = import_module("numpy")
    mlflow.keras.autolog()
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.001), "mse")
    rows, wanted = numpy.array(_ROWS, "float32"), numpy.array(_CLASSES, "float32")
    with mlflow.start_run() as run:
        model.fit(rows, wanted, batch_size=20, epochs=3, verbose=0)
    seen = _published(ours, run.info.run_id)
    assert (seen.data.params["epochs"], seen.data.params["batch_size"]) == ("3", "20")
    assert _steps(ours, run.info.run_id, "loss") == [0, 1, 2]
    assert "model_summary.txt" in _files(ours, run.info.run_id)
    model_id = _model(ours, run.info.run_id, "data")
    assert _loaded(mlflow, model_id).predict(rows).shape == (40, 1)


def test_transformers(mlflow: Any, ours: MlgitClient, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    mlflow.transformers.autolog()
    trainer = _trainer(transformers, tmp_path)
    with mlflow.start_run() as run:
        trainer.train()
        mlflow.transformers.log_model(
            {"model": trainer.model, "tokenizer": _tokenizer(transformers, tmp_path)},
            name="model",
            task="text-classification",
            pip_requirements=[],
        )
    seen = _published(ours, run.info.run_id)
    assert (seen.data.params["num_train_epochs"], seen.data.params["hidden_size"]) == ("3", "8")
    assert _steps(ours, run.info.run_id, "loss") == [2, 4, 6]
    model_id = _model(ours, run.info.run_id, "model")
    assert len(_loaded(mlflow, model_id).predict(["good", "bad"])) == 2


def _frame() -> Any:
    pandas = import_module("pandas")
    return pandas.DataFrame(_ROWS, columns=["age", "visits"])


def _published(ours: MlgitClient, run_id: str) -> Run:
    """What the branch says of a run that has ended."""
    assert isinstance(ours.tracker.view(run_id), PublishedRun)
    assert done("check") == ""
    return ours.get_run(run_id)


def _steps(ours: MlgitClient, run_id: str, key: str) -> list[int]:
    return [one.step for one in ours.get_metric_history(run_id, key)]


def _files(ours: MlgitClient, whole_id: str) -> set[str]:
    return {one.path for one in ours.list_artifacts(whole_id)}


def _model(ours: MlgitClient, run_id: str, file: str) -> str:
    """The id of the one model of a run, which has that file and was made by it."""
    [made] = ours.get_run(run_id).outputs.model_outputs
    found = ours.get_logged_model(made.model_id)
    assert (found.status, found.source_run_id) == ("READY", run_id)
    assert {"MLmodel", "requirements.txt", file} <= _files(ours, made.model_id)
    assert b"flavors:" in ours.read_artifact(made.model_id, "MLmodel")
    return made.model_id


def _loaded(mlflow: Any, model_id: str) -> Any:
    return mlflow.pyfunc.load_model(f"models:/{model_id}")


def _lightning_module(lightning: Any, torch: Any) -> Any:
    class Line(lightning.LightningModule):  # type: ignore[misc] # of whatever kind is installed
        def __init__(self) -> None:
            super().__init__()
            self.line = torch.nn.Linear(2, 1)

        def forward(self, rows: Any) -> Any:
            return self.line(rows)

        def training_step(self, batch: Any) -> Any:
            loss = torch.nn.functional.mse_loss(self(batch[0])[:, 0], batch[1])
            self.log("loss", loss, on_step=False, on_epoch=True)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.001)

    return Line()


def _tokenizer(transformers: Any, folder: Path) -> Any:
    words = folder / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]))
    return transformers.BertTokenizer(str(words))


def _trainer(transformers: Any, folder: Path) -> Any:
    """Of a model made from its sizes alone, two batches an epoch."""
    sizes = {"hidden_size": 8, "intermediate_size": 8, "vocab_size": 7}
    shape = transformers.BertConfig(**sizes, num_hidden_layers=1, num_attention_heads=2)
    rows = [{"input_ids": [2, 5 + x % 2, 3], "labels": x % 2} for x in range(16)]
    asked = transformers.TrainingArguments(
        str(folder / "out"),
        num_train_epochs=3,
        per_device_train_batch_size=8,
        logging_strategy="epoch",
        save_strategy="no",
        use_cpu=True,
    )
    model = transformers.BertForSequenceClassification(shape)
    return transformers.Trainer(model, asked, train_dataset=rows)
