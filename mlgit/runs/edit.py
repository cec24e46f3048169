"""Changing published runs: each change is a commit of its own, stamped for merging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import Ambiguous, InvalidState, NotFound
from mlgit.records import names
from mlgit.records.fields import next_edit
from mlgit.records.run import Edit, Run, RunStatus
from mlgit.runs.experiments import require_active
from mlgit.runs.field_log import checked_tags

if TYPE_CHECKING:
    from mlgit.store.store import Store

Change = Callable[[Run, Edit], Run]


def folder_of(store: Store, run_id: str) -> str:
    """The folder of the published run of that whole id.

    Raises:
        NotFound, Ambiguous: There is none; a merge has left two.
    """
    snapshot = store.snapshot()
    found = snapshot.find_run(run_id)
    exact = [folder for folder in found if snapshot.run(folder).id == run_id]
    if not exact:
        raise NotFound(f"there is no run {run_id}", id=run_id)
    if len(exact) > 1:
        raise Ambiguous(f"run {run_id} is in several folders", candidates=exact)
    return exact[0]


def set_tags(store: Store, folder: str, tags: Mapping[str, object]) -> Run:
    """Set tags of a published run; MLflow's reserved ones set its fields.

    Raises:
        InvalidValue: A key cannot be used, or the name would be empty.
        InvalidState, NotFound: The run is deleted; there is none.
    """
    values = checked_tags(tags)

    def change(run: Run, stamp: Edit) -> Run:
        current = run.all_tags()
        for key, value in values.items():
            if current.get(key) != value:
                run = run.with_tag(key, value, stamp)
        return run

    return _edit(store, folder, change, f"tag {' '.join(values)}")


def delete_tag(store: Store, folder: str, key: str) -> Run:
    """Take a tag of a published run away.

    Raises:
        NotFound: There is no such run, or it has no such tag.
        InvalidState: The run is deleted.
    """

    def change(run: Run, stamp: Edit) -> Run:
        if key not in run.all_tags():
            raise NotFound(f"run {run.name} has no tag {key!r}", key=key)
        return run.without_tag(key, stamp)

    return _edit(store, folder, change, f"remove tag {key}")


def set_note(store: Store, folder: str, text: str) -> Run:
    """Set the description of a published run."""
    return _edit(
        store,
        folder,
        lambda run, stamp: _with(run, "note", stamp, note=text),
        "describe",
    )


def rename(store: Store, folder: str, name: str) -> Run:
    """Give a published run another name.

    Raises:
        InvalidValue: It is empty or too long.
    """
    names.validate_run_name(name)
    return _edit(
        store, folder, lambda run, stamp: _with(run, "name", stamp, name=name), f"rename to {name}"
    )


def set_status(store: Store, folder: str, status: RunStatus, end: int | None = None) -> Run:
    """Set how a published run stands; the end is now unless given, none for one that goes on."""

    def change(run: Run, _: Edit) -> Run:
        ended = (times.now_ms() if end is None else end) if status.terminal else None
        return run._replace(status=status, end=ended, alive_until=None)

    return _edit(store, folder, change, status.value.lower())


def delete(store: Store, folder: str) -> Run:
    """Mark a published run deleted; `restore` brings it back.

    Raises:
        InvalidState: It is deleted already.
    """
    return _edit(
        store,
        folder,
        lambda run, stamp: _with(
            run, "lifecycle", stamp, lifecycle="deleted", deleted_at=times.now_ms()
        ),
        "delete",
    )


def restore(store: Store, folder: str) -> Run:
    """Bring a deleted run back.

    Raises:
        InvalidState: It is not deleted.
    """

    def change(run: Run, stamp: Edit) -> Run:
        if run.lifecycle == "active":
            raise InvalidState(f"run {run.name} is not deleted", id=run.id)
        return _with(run, "lifecycle", stamp, lifecycle="active", deleted_at=None)

    return _edit(store, folder, change, "restore", also_deleted=True)


def move(store: Store, folder: str, experiment_id: str) -> Run:
    """Put a published run into another experiment; its path stays.

    Raises:
        NotFound: There is no such run or experiment.
        InvalidState: One of them is deleted.
    """
    target = store.snapshot().experiment_by_id(experiment_id)
    if target is None:
        raise NotFound(f"there is no experiment {experiment_id}", id=experiment_id)
    require_active(target)
    return _edit(
        store,
        folder,
        lambda run, stamp: _with(run, "experiment", stamp, experiment_id=experiment_id),
        f"move to {target.name}",
    )


def _with(run: Run, path: str, stamp: Edit, **fields: object) -> Run:
    changed = run._replace(**fields)  # type: ignore[arg-type]  # the names are this module's own
    return run if changed == run else changed._replace(edits={**run.edits, path: stamp})


def _edit(
    store: Store, folder: str, change: Change, what: str, *, also_deleted: bool = False
) -> Run:
    def rewrite(run: Run) -> Run:
        if run.lifecycle != "active" and not also_deleted:
            raise InvalidState(
                f"run {run.name} is deleted", hint=f"mlgit restore {run.id}", id=run.id
            )
        return change(run, next_edit(run.edits, store.writer))

    return store.edit_run(folder, rewrite, f"run: {what} ({folder.rpartition('-')[2]})")
