"""Train three kinds of models on the breast cancer data set and record each as a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlgit
from mlgit.data import from_pandas

SEED = 7


class Split(NamedTuple):
    """Rows to learn from and rows to judge by."""

    train: Any
    test: Any
    train_labels: Any
    test_labels: Any


def logistic(split: Split, C: float) -> Iterator[Any]:  # noqa: N803  # scikit-learn's own word
    """One model, in one step."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=500))
    yield model.fit(split.train, split.train_labels).predict_proba(split.test)


def forest(split: Split, max_depth: int, trees: int) -> Iterator[Any]:
    """A forest that grows by a tenth of its trees a step."""
    model = RandomForestClassifier(max_depth=max_depth, warm_start=True, random_state=SEED)
    for size in range(trees // 10, trees + 1, trees // 10):
        model.set_params(n_estimators=size).fit(split.train, split.train_labels)
        yield model.predict_proba(split.test)


def boosting(split: Split, learning_rate: float, iterations: int) -> Iterator[Any]:
    """A boosted model, judged after every iteration."""
    model = HistGradientBoostingClassifier(
        learning_rate=learning_rate, max_iter=iterations, max_leaf_nodes=7, random_state=SEED
    )
    yield from model.fit(split.train, split.train_labels).staged_predict_proba(split.test)


GRID: tuple[tuple[Any, dict[str, float]], ...] = (
    (logistic, {"C": 0.001}),
    (logistic, {"C": 0.01}),
    (logistic, {"C": 100.0}),
    (forest, {"max_depth": 2, "trees": 40}),
    (forest, {"max_depth": 4, "trees": 40}),
    (forest, {"max_depth": 8, "trees": 40}),
    (boosting, {"learning_rate": 0.03, "iterations": 30}),
    (boosting, {"learning_rate": 0.1, "iterations": 30}),
    (boosting, {"learning_rate": 0.3, "iterations": 30}),
)


def measure(labels: Any, chances: Any) -> dict[str, float]:
    """How good the predicted chances of the second class are."""
    return {
        "val_acc": float(accuracy_score(labels, chances[:, 1] > 0.5)),
        "val_auc": float(roc_auc_score(labels, chances[:, 1])),
        "val_loss": float(log_loss(labels, chances[:, 1])),
    }


def curve_figure(labels: Any, chances: Any) -> Any:
    """The ROC curve, or None where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    from sklearn.metrics import RocCurveDisplay

    figure = Figure(figsize=(4, 4), dpi=80)
    RocCurveDisplay.from_predictions(labels, chances[:, 1], ax=figure.add_subplot())
    return figure


def record(train: Any, params: dict[str, float], split: Split, dataset: Any) -> None:
    """One run: parameters, a point of each metric a step, what the errors were."""
    with mlgit.start_run():
        mlgit.log_params({"model": train.__name__, **params})
        mlgit.log_input(dataset, context="training")
        for step, chances in enumerate(train(split, **params)):
            mlgit.log_metrics(measure(split.test_labels, chances), step=step)
        errors = confusion_matrix(split.test_labels, chances[:, 1] > 0.5)
        mlgit.log_dict({"confusion": errors.tolist()}, "confusion.json")
        figure = curve_figure(split.test_labels, chances)
        if figure is not None:
            mlgit.log_figure(figure, "roc.png")


def main() -> None:
    """Walk the grid."""
    data = load_breast_cancer(as_frame=True)
    split = Split(
        *train_test_split(
            data.data, data.target, test_size=0.5, stratify=data.target, random_state=SEED
        )
    )
    mlgit.set_experiment("demo")
    dataset = from_pandas(data.frame, name="breast-cancer", targets="target")
    for train, params in GRID:
        record(train, params, split, dataset)


if __name__ == "__main__":
    main()
