"""What is known of a version: its record, its run, its data, its artifacts."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged, NotFound
from mlgit.records.inputs import DatasetInput
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue
from mlgit.registry.source import digest

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.run import Run
    from mlgit.store.snapshot import Snapshot


class Facts(NamedTuple):
    """One version as the landed data branch has it.

    Attributes:
        version: Its record.
        run: The run that made it; None where it has none, or the run is not there any more.
        datasets: What the run read.
        folder: Where its artifacts are listed; "" where nowhere.
        digest: Of the manifest as it is now.
    """

    version: ModelVersion
    run: Run | None = None
    datasets: tuple[DatasetInput, ...] = ()
    folder: str = ""
    digest: str = ""


def facts_of(data: Snapshot, model_folder: str, uid: str) -> Facts | None:
    """What is known of the version of that uid; None where there is none, or it was deleted."""
    found = next((v for v in catalogue.versions(data, model_folder) if v.uid == uid), None)
    if found is None or found.status == DELETED:
        return None
    run_folder = data.folder_of(found.run) if found.run else None
    folder = (data.folder_of(found.logged_model) if found.logged_model else run_folder) or ""
    run, datasets = None, tuple[DatasetInput, ...]()
    if run_folder:
        with suppress(NotFound, Damaged):
            run = data.run(run_folder)
            datasets = data.inputs(run_folder).datasets
    return Facts(found, run, datasets, folder, digest(data, folder) if folder else "")
