"""The experiment that a spooled run goes to: the one that has the name where it is flushed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Ambiguous
from mlgit.records import layout
from mlgit.records.experiment import dump_experiment
from mlgit.records.run import dump_run, load_run
from mlgit.runs.compose import experiment_of

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.runs.journal_records import Header
    from mlgit.store.snapshot import Snapshot


def at_home(
    snapshot: Snapshot, header: Header, homes: dict[tuple[str, str], Experiment]
) -> Header | None:
    """The header with the experiment that has the name here; None where it is the same one.

    A job without a repository does not know which experiment of the store bears a name today.
    """
    named = experiment_of(header)
    key = named.id, named.name
    if key not in homes:
        homes[key] = _home_of(snapshot, named)
    home = homes[key]
    if home.id == named.id:
        return None
    run = load_run(header.run.encode())._replace(experiment_id=home.id)
    return header._replace(
        run=dump_run(run).decode(),
        experiment=dump_experiment(home).decode(),
        experiment_folder=home.folder,
        folder=layout.run_folder(home.folder, run.start, run.id),
    )


def _home_of(snapshot: Snapshot, named: Experiment) -> Experiment:
    same = snapshot.experiment_by_id(named.id)
    if same is not None and same.name == named.name:
        return named
    with suppress(Ambiguous):
        found = snapshot.experiment_by_name(named.name)
        if found is not None and found.lifecycle == "active":
            return found
    return named
