"""The texts of a dataset: kept up to their limits, refused beyond before anything is written."""

from __future__ import annotations

import pytest

from mlgit.errors import InvalidValue
from mlgit.records.inputs import MAX_LENGTHS, DatasetInput
from mlgit.records.run import RunStatus
from mlgit.runs import begin
from mlgit.store.store import Store
from tests.runs.helpers import published

IRIS = DatasetInput("iris", "d1", "local", "{}")


def iris(field: str, length: int) -> DatasetInput:
    return DatasetInput(**{**IRIS._asdict(), field: "x" * length})


@pytest.mark.parametrize("field", MAX_LENGTHS)
def test_a_text_of_the_longest_length_is_kept_and_a_longer_one_refused(
    store: Store, field: str
) -> None:
    longest = iris(field, MAX_LENGTHS[field])
    run = begin.start(store, "churn")
    run.log_inputs([longest])
    with pytest.raises(InvalidValue, match=f"{MAX_LENGTHS[field]} are allowed"):
        run.log_inputs([iris(field, MAX_LENGTHS[field] + 1)])
    run.finish()
    folder, record = published(store, run.id)
    assert record.status is RunStatus.FINISHED
    assert store.snapshot().inputs(folder).datasets == (longest,)


def test_a_dataset_without_a_name_is_refused(store: Store) -> None:
    run = begin.start(store, "churn")
    with pytest.raises(InvalidValue, match="needs a name"):
        run.log_inputs([IRIS._replace(name="")])
    run.finish()
