"""What a run brings to the branch when it ends or reaches a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlgit.git.item import Item
from mlgit.records import layout
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.fields import NOTHING
from mlgit.records.run import Edit, Run, dump_run
from mlgit.store.message import SKIP_CI, escaped, run_subject, run_trailers, short

_EDITABLE = frozenset({"name", "note", "user", "host", "parent", "experiment_id"})


class Publication(NamedTuple):
    """A run and its files, to become one commit (which may bring other runs too).

    Attributes:
        run: The run; its `run.yaml` is written from this.
        experiment: Its experiment, written where the branch has none in that folder. When None
            the experiment is looked up by `run.experiment_id`.
        files: Name below the run's folder (`metrics.csv`, `files/plot.png`) to content.
        folder: The run's folder where it is known, as for a run that was published before and
            may have moved to another experiment since; else made from experiment, start and id.
    """

    run: Run
    experiment: Experiment | None = None
    files: Mapping[str, bytes] = NOTHING
    folder: str = ""


def folder_of(publication: Publication, experiment: Experiment) -> str:
    """Where the run lives on the branch.

    Raises:
        InvalidValue: The start is before 1970 or after 9999.
    """
    run = publication.run
    return publication.folder or layout.run_folder(experiment.folder, run.start, run.id)


def item_of(publication: Publication, experiment: Experiment) -> Item:
    """The publication as files and words of a commit.

    Raises:
        InvalidValue: The run does not fit the hard limit of `run.yaml`.
    """
    run = publication.run
    where = layout.experiment_path(experiment.folder)
    return Item(
        folder=folder_of(publication, experiment),
        files={layout.RUN: dump_run(run), **publication.files},
        subject=run_subject(run, experiment),
        title=escaped(short(run.name or run.id)),
        topic=escaped(short(experiment.name)),
        note=SKIP_CI,
        trailers=run_trailers(run, experiment),
        defaults={where: dump_experiment(experiment)},
    )


def keep_edits(there: Run, ours: Run) -> Run:
    """`ours` with the fields that people changed on the branch since it was read.

    Of two edits of a field the higher `(at, by)` counts. Keys that a newer version added stay.
    """
    ours = ours._replace(extra={**there.extra, **ours.extra})
    for path, edit in there.edits.items():
        mine = ours.edits.get(path)
        if mine is None or (mine.at, mine.by) < (edit.at, edit.by):
            ours = _with_field(there, ours, path, edit)
    return ours


def _with_field(there: Run, ours: Run, path: str, edit: Edit) -> Run:
    """`ours` with one field, and the stamp of its edit, as it stands on the branch."""
    ours = ours._replace(edits={**ours.edits, path: edit})
    section, _, key = path.partition(".")
    if section == "tags" and key:
        tags = {name: text for name, text in ours.tags.items() if name != key}
        kept = {} if edit.deleted or key not in there.tags else {key: there.tags[key]}
        return ours._replace(tags={**tags, **kept})
    if section in ("code", "source") and key in getattr(there, section)._fields:
        value = getattr(getattr(there, section), key)
        return _set(ours, section, getattr(ours, section)._replace(**{key: value}))
    if path == "lifecycle":
        return ours._replace(lifecycle=there.lifecycle, deleted_at=there.deleted_at)
    name = "experiment_id" if path == "experiment" else path
    return _set(ours, name, getattr(there, name)) if name in _EDITABLE else ours


def _set(run: Run, name: str, value: Any) -> Run:
    return run._replace(**{name: value})
