"""MLflow's reserved tags that are fields of a run here, seen as tags and set as tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlgit.records.run import Run

#: Reserved tag -> field of `Run` (a dot enters `code` or `source`).
SYSTEM_TAGS = {
    "mlflow.runName": "name",
    "mlflow.user": "user",
    "mlflow.note.content": "note",
    "mlflow.parentRunId": "parent",
    "mlflow.source.name": "source.name",
    "mlflow.source.type": "source.type",
    "mlflow.project.entryPoint": "source.entry_point",
    "mlflow.source.git.commit": "code.commit",
    "mlflow.source.git.branch": "code.branch",
    "mlflow.source.git.repoURL": "code.repository",
    "mlflow.source.git.dirty": "code.dirty",
}
_ROUTES = [(tag, *path.rpartition(".")[::2]) for tag, path in SYSTEM_TAGS.items()]


def field_tags(run: Run) -> dict[str, str]:
    """The reserved tags that `run`'s fields stand for; empty fields have none.

    `mlflow.source.type` shows only where something else is known of the source, too: a run whose
    source nobody recorded does not claim one.
    """
    found: dict[str, str] = {}
    for tag, section, field in _ROUTES:
        value = getattr(getattr(run, section) if section else run, field)
        if value:
            found[tag] = "true" if value is True else value
    if found.get("mlflow.source.type") == "LOCAL" and not (run.source.name or run.source.command):
        del found["mlflow.source.type"]
    return found


def set_field(run: Run, tag: str, value: str) -> Run:
    """`run` with the field of the reserved `tag` set, or emptied where it cannot hold `value`."""
    field: Any = value == "true" if tag.endswith(".dirty") else value
    changed = _replaced(run, SYSTEM_TAGS[tag], field)
    return changed if field_tags(changed).get(tag) == value else cleared(run, tag)


def cleared(run: Run, tag: str) -> Run:
    """`run` without the reserved `tag`; a run always keeps its name."""
    if tag == "mlflow.runName":
        return run
    return _replaced(run, SYSTEM_TAGS[tag], False if tag.endswith(".dirty") else "")


def _replaced(run: Run, path: str, value: Any) -> Run:
    section, _, field = path.rpartition(".")
    if not section:
        return run._replace(**{field: value})
    return run._replace(**{section: getattr(run, section)._replace(**{field: value})})
