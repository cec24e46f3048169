"""Experiments: found, made, renamed, deleted and restored, by MLflow's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import AlreadyExists, Damaged, InvalidState, NotFound
from mlgit.records import layout, names
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.fields import next_edit
from mlgit.records.run import Edit, Run, dump_run

if TYPE_CHECKING:
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def find_or_new(snapshot: Snapshot, name: str) -> Experiment:
    """The experiment of that name, also a deleted one, or a new one that nothing has written yet.

    Raises:
        InvalidValue: It cannot be a name.
        Ambiguous: Several live ones have it.
    """
    return snapshot.experiment_by_name(name) or unwritten(snapshot, name)


def unwritten(snapshot: Snapshot, name: str) -> Experiment:
    """A new experiment of that name that nothing has written yet, with an id nobody has.

    Raises:
        InvalidValue: It cannot be a name.
    """
    names.validate_experiment_name(name)
    known = snapshot.experiments()[0]
    ids, folders = {one.id for one in known}, {one.folder for one in known}
    number = next(k for k in count() if layout.experiment_id(name, k) not in ids)
    folder = layout.folder_name(name)
    if folder in folders:  # of one that was renamed since: a folder never moves
        folder = layout.folder_name(f"{name}\0{number}")
    now = times.now_ms()
    return Experiment(layout.experiment_id(name, number), name, folder, created=now, updated=now)


def create(
    store: Store,
    name: str,
    *,
    tags: Mapping[str, str] | None = None,
    artifact_location: str = "",
) -> Experiment:
    """Make an experiment, in a commit of its own.

    Raises:
        InvalidValue: The name or a tag cannot be used.
        AlreadyExists: One has the name, live or deleted.
    """
    names.validate_experiment_name(name)
    given = {
        _key(key): names.experiment_tag_value(key, value) for key, value in (tags or {}).items()
    }

    def make(change: Change) -> Experiment:
        _refuse_taken(change.snapshot, name)
        made = unwritten(change.snapshot, name)._replace(artifact_location=artifact_location)
        for key, value in given.items():
            made = made.with_tag(key, value)
        _put(change, made)
        return made

    return store.apply(make, f"experiment: create {name}", {"Mlgit-Experiment": name})


def get_or_create(store: Store, name: str) -> Experiment:
    """The live experiment of that name, made where there is none.

    Raises:
        InvalidValue: It cannot be a name.
        InvalidState: It is deleted.
    """
    found = store.snapshot().experiment_by_name(name)
    if found is None:
        try:
            return create(store, name)
        except AlreadyExists:  # another process was faster
            return get_or_create(store, name)
    return require_active(found)


def require_active(experiment: Experiment) -> Experiment:
    """The experiment itself.

    Raises:
        InvalidState: It is deleted.
    """
    if experiment.lifecycle == "active":
        return experiment
    raise InvalidState(
        f"the experiment {experiment.name!r} is deleted",
        hint=f"mlgit experiments restore {experiment.id}",
        id=experiment.id,
    )


def rename(store: Store, experiment_id: str, name: str) -> Experiment:
    """Give an experiment another name; its folder stays.

    Raises:
        NotFound, InvalidState: There is none of that id; it is deleted.
        InvalidValue, AlreadyExists: The name cannot be used; another one has it.
    """
    names.validate_experiment_name(name)

    def edit(change: Change, found: Experiment, stamp: Edit) -> Experiment:
        require_active(found)
        if found.name == name:
            return found
        _refuse_taken(change.snapshot, name)
        return found._replace(name=name, edits={**found.edits, "name": stamp})

    return _edit(store, experiment_id, edit, f"experiment: rename to {name}")


def delete(store: Store, experiment_id: str) -> Experiment:
    """Mark an experiment deleted, and its runs with it; `restore` brings both back.

    Raises:
        NotFound, InvalidState: There is none of that id; it is deleted already.
    """

    def edit(change: Change, found: Experiment, stamp: Edit) -> Experiment:
        _mark_runs(change, require_active(found), "deleted", stamp)
        return found._replace(lifecycle="deleted", edits={**found.edits, "lifecycle": stamp})

    return _edit(store, experiment_id, edit, "experiment: delete")


def restore(store: Store, experiment_id: str) -> Experiment:
    """Bring a deleted experiment back with all its runs, also those deleted before it.

    Raises:
        NotFound, InvalidState: There is none of that id; it is not deleted.
        AlreadyExists: Another experiment has taken its name.
    """

    def edit(change: Change, found: Experiment, stamp: Edit) -> Experiment:
        if found.lifecycle != "deleted":
            raise InvalidState(f"the experiment {found.name!r} is not deleted", id=found.id)
        _refuse_taken(change.snapshot, found.name, but=found.id)
        _mark_runs(change, found, "active", stamp)
        return found._replace(lifecycle="active", edits={**found.edits, "lifecycle": stamp})

    return _edit(store, experiment_id, edit, "experiment: restore")


def set_tag(store: Store, experiment_id: str, key: str, value: object) -> Experiment:
    """Set a tag of a live experiment.

    Raises:
        NotFound, InvalidState: There is none of that id; it is deleted.
        InvalidValue: The key or the value cannot be used.
    """
    text = names.experiment_tag_value(_key(key), value)
    return _edit(
        store,
        experiment_id,
        lambda _, found, stamp: require_active(found).with_tag(key, text, stamp),
        f"experiment: tag {key}",
    )


def delete_tag(store: Store, experiment_id: str, key: str) -> Experiment:
    """Take a tag of a live experiment away.

    Raises:
        NotFound, InvalidState: There is no such experiment or tag; it is deleted.
    """

    def edit(_: Change, found: Experiment, stamp: Edit) -> Experiment:
        if key not in require_active(found).all_tags():
            raise NotFound(f"the experiment {found.name!r} has no tag {key!r}", key=key)
        return found.without_tag(key, stamp)

    return _edit(store, experiment_id, edit, f"experiment: remove tag {key}")


def _edit(
    store: Store,
    experiment_id: str,
    edit: Callable[[Change, Experiment, Edit], Experiment],
    subject: str,
) -> Experiment:
    def rewrite(change: Change) -> Experiment:
        found = change.snapshot.experiment_by_id(experiment_id)
        if found is None:
            raise NotFound(f"there is no experiment {experiment_id}", id=experiment_id)
        changed = edit(change, found, next_edit(found.edits, store.writer))
        if changed != found:
            changed = changed._replace(updated=times.now_ms())
            _put(change, changed)
        return changed

    return store.apply(rewrite, subject)


def _put(change: Change, experiment: Experiment) -> None:
    change.put(layout.experiment_path(experiment.folder), dump_experiment(experiment))


def _key(key: str) -> str:
    return names.validate_key("tag", key)


def _refuse_taken(snapshot: Snapshot, name: str, but: str = "") -> None:
    taken = snapshot.experiment_by_name(name)
    if taken is None or taken.id == but:
        return
    deleted = taken.lifecycle != "active"
    raise AlreadyExists(
        f"there is {'a deleted' if deleted else 'an'} experiment called {name!r} already",
        hint=f"mlgit experiments restore {taken.id}" if deleted else "choose another name",
        id=taken.id,
    )


def _mark_runs(change: Change, experiment: Experiment, lifecycle: str, stamp: Edit) -> None:
    """Delete or restore all runs of an experiment, also those that were moved to it."""
    deleted_at = times.now_ms() if lifecycle == "deleted" else None
    for folder, run in _runs_of(change.snapshot, experiment):
        if run.lifecycle != lifecycle:
            edits = {**run.edits, "lifecycle": next_edit(run.edits, stamp.by)}
            marked = run._replace(lifecycle=lifecycle, deleted_at=deleted_at, edits=edits)
            change.put(f"{folder}/{layout.RUN}", dump_run(marked))


def _runs_of(snapshot: Snapshot, experiment: Experiment) -> Iterator[tuple[str, Run]]:
    for folder in snapshot.run_folders():
        with suppress(Damaged, NotFound):  # what cannot be read, and what was purged
            run = snapshot.run(folder)
            if run.experiment_id == experiment.id:
                yield folder, run
