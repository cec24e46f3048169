"""Train one decision tree. This program knows nothing of mlgit: it writes two text files.

tree.py DEPTH FOLDER    writes FOLDER/metrics (name=value a line) and FOLDER/tree.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, export_text


def main(depth: int, folder: Path) -> None:
    """Train on half of the data, judge by the other half."""
    data = load_breast_cancer()
    train, test, train_labels, test_labels = train_test_split(
        data.data, data.target, test_size=0.5, stratify=data.target, random_state=7
    )
    model = DecisionTreeClassifier(max_depth=depth, random_state=7).fit(train, train_labels)
    metrics = {
        "train_acc": model.score(train, train_labels),
        "val_acc": model.score(test, test_labels),
    }
    lines = (f"{name}={value:.6f}\n" for name, value in metrics.items())
    (folder / "metrics").write_text("".join(lines))
    (folder / "tree.txt").write_text(export_text(model, feature_names=list(data.feature_names)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
