"""Options and a document become one request that can be recorded as a whole, or is refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.cli.command import pairs
from mlgit.cli.history import point_of, points_of_file
from mlgit.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from mlgit.cli.request import Request

STATUSES = ("FINISHED", "FAILED", "KILLED")


def overruled(document: Request, options: dict[str, Any], written_at: int) -> Request:
    """The document with what the options say in its place, or beside it."""
    words = {
        key: options[key]
        for key in ("experiment", "name", "note", "status", "parent", "start", "end")
        if options[key]
    }
    points = [point_of(text, written_at) for text in options["metrics"]]
    for file in options["files"]:
        found = points_of_file(file, written_at)
        if not found:
            warnings.warn(f"{file} holds no points", stacklevel=2)
        points += found
    return document._replace(
        **words,
        params={**document.params, **pairs(options["params"], "a parameter")},
        tags={**document.tags, **pairs(options["tags"], "a tag")},
        metrics=[*document.metrics, *points],
        artifacts=[*document.artifacts, *map(_artifact, options["artifacts"])],
    )


def _artifact(text: str) -> tuple[str, str]:
    """`PATH` or `PATH=NAME`; a file whose own name holds `=` is meant where it exists."""
    if Path(text).exists():
        return text, ""
    path, _, name = text.rpartition("=") if "=" in text else (text, "", "")
    return path, name


def checked(request: Request) -> Request:
    """The request, which can be recorded as a whole: what is wrong is said before a run begins."""
    from mlgit.records.artifact_path import safe_path
    from mlgit.records.names import step_value, timestamp_value, validate_key

    for point in request.metrics:
        step_value(point.step)
        timestamp_value(point.timestamp)
    for kind, keys in (
        ("metric", dict.fromkeys(point.key for point in request.metrics)),
        ("param", request.params),
        ("tag", request.tags),
    ):
        for key in keys:
            validate_key(kind, key)
    if request.status.upper() not in {"", *STATUSES}:
        raise InvalidValue(f"a status is one of {', '.join(STATUSES)}, not {request.status!r}")
    for path, name in request.artifacts:
        if not Path(path).exists():
            raise NotFound(f"there is no file {path}", hint="--artifact PATH or PATH=NAME")
        safe_path(name or Path(path).resolve().name)
    return request
