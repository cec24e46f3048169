"""Which experiment of the store an experiment of a source is, or becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit import times
from mlgit.bridges.importing.losing import checked_tags
from mlgit.errors import MlgitError
from mlgit.records import layout, names
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.runs import experiments

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Source
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def bring_experiments(store: Store, source: Source) -> dict[str, Experiment]:
    """Those of the store, by the source's id; new ones in one commit.

    One of the same name is the same experiment, and stays as it is here. A new one keeps its id
    where that is a whole number nobody has yet.
    """
    every = list(source.experiments())

    def put(change: Change) -> dict[str, Experiment]:
        homes: dict[str, Experiment] = {}
        for one in every:
            homes[one.id] = _home(change, one, list(homes.values()), source)
        return homes

    return store.apply(put, f"import: experiments of {source.title}")


def _home(
    change: Change, found: Experiment, before: list[Experiment], source: Source
) -> Experiment:
    name = found.name[: names.MAX_EXPERIMENT_NAME]
    for known in (*_named(change.snapshot, name, source, found), *before):
        if known.name == name and known.lifecycle in ("active", found.lifecycle):
            return known
    tags = checked_tags(found.tags, f"experiment {found.name}", source)
    made = _new(change.snapshot, found._replace(tags=tags), name, before)
    change.put(layout.experiment_path(made.folder), dump_experiment(made))
    return made


def _named(snapshot: Snapshot, name: str, source: Source, found: Experiment) -> list[Experiment]:
    try:
        there = snapshot.experiment_by_name(name)
    except MlgitError as error:  # several of one name, as after a merge
        source.lose(f"experiment {found.id}", f"{error.message}; its runs go to the first")
        return [one for one in snapshot.experiments()[0] if one.name == name][:1]
    return [] if there is None else [there]


def _new(snapshot: Snapshot, found: Experiment, name: str, before: list[Experiment]) -> Experiment:
    made = experiments.unwritten(snapshot, name)
    known = [*snapshot.experiments()[0], *before]
    ids, folders = {one.id for one in known}, {one.folder for one in known}
    now = times.now_ms()
    number = found.id if found.id.isdecimal() and found.id not in ids else made.id
    folder = made.folder if made.folder not in folders else layout.folder_name(f"{name}\0{number}")
    return found._replace(
        id=number,
        name=name,
        folder=folder,
        created=_time(found.created) or now,
        updated=_time(found.updated) or _time(found.created) or now,
        artifact_location="",
    )


def _time(ms: int) -> int:
    return ms if 0 < ms <= times.MAX_TIME_MS else 0
