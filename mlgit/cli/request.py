"""What `mlgit log-run` is asked to record, as a JSON or YAML document describes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mlgit.cli.history import real, whole
from mlgit.errors import InvalidValue
from mlgit.records.metrics import Point
from mlgit.times import MAX_TIME_MS


class Request(NamedTuple):
    """One run as a user describes it; empty where nothing was said.

    Attributes:
        start: As written; see `moment_of`.
        end: As written.
        artifacts: A file or folder, and the artifact path it gets ("" for its own name).
    """

    experiment: str = ""
    name: str = ""
    status: str = ""
    start: str = ""
    end: str = ""
    parent: str = ""
    note: str = ""
    params: Mapping[str, str] = {}
    metrics: Sequence[Point] = ()
    tags: Mapping[str, str] = {}
    artifacts: Sequence[tuple[str, str]] = ()


def moment_of(text: str) -> int | None:
    """Milliseconds UTC of a time as `--start` takes it; None for no text.

    Raises:
        InvalidValue: It is no time.
    """
    from mlgit.search.literals import moment

    if not text:
        return None
    found = int(text) if text.isascii() and text.isdigit() else moment(text)
    if found is None or not 0 <= found <= MAX_TIME_MS:
        forms = "2026-11-23, 2026-11-23T08:14:51Z, '10m ago', or milliseconds"
        raise InvalidValue(f"{text!r} is no time", f"one of {forms}")
    return found


def read_document(source: str, timestamp: int) -> Request:
    """The request in a JSON or YAML file, or on standard input for `-`.

    Args:
        source: Path of the file, or `-`.
        timestamp: Milliseconds UTC for points without a time.

    Raises:
        InvalidValue: It cannot be read, has a key that is not known, or a value of a wrong kind.
    """
    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    document = _parsed(data, source)
    known = list(Request._fields)
    for key in document:
        if key not in known:
            from difflib import get_close_matches

            near = get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"keys: {', '.join(known)}"
            raise InvalidValue(f"{source} has the unknown key {key!r}", hint)
    texts = {key: _text(document[key], key) for key in known[:7] if key in document}
    return Request(
        **texts,
        params=_texts(document, "params"),
        tags=_texts(document, "tags"),
        metrics=list(_points(_mapping(document, "metrics"), timestamp)),
        artifacts=[_artifact(item) for item in _sequence(document, "artifacts")],
    )


def _parsed(data: bytes, source: str) -> dict[str, Any]:
    import json

    from mlgit.errors import Damaged
    from mlgit.records import text

    try:
        document = json.loads(data) if data.lstrip()[:1] == b"{" else text.load(data)
    except (ValueError, RecursionError, Damaged) as error:
        raise InvalidValue(f"{source} is neither JSON nor YAML: {error}") from error
    return dict(document)


def _points(metrics: Mapping[str, Any], timestamp: int) -> Iterator[Point]:
    """A number, a point as a mapping, or a list of either; a list counts steps from 0."""
    for key, values in metrics.items():
        listed = values if isinstance(values, list) else [values]
        for number, value in enumerate(listed):
            where = f"metric {key!r}"
            if not isinstance(value, Mapping):
                yield Point(number, timestamp, key, real(value, where))
                continue
            if "value" not in value:
                raise InvalidValue(f"{where}: a point needs a value", "{value: 0.9, step: 3}")
            step, time = value.get("step", number), value.get("timestamp", timestamp)
            yield Point(whole(step, where), whole(time, where), key, real(value["value"], where))


def _artifact(item: Any) -> tuple[str, str]:
    """A path, or a mapping with `path` and `name`."""
    if isinstance(item, Mapping) and isinstance(item.get("path"), str):
        return item["path"], _text(item.get("name", ""), "artifacts")
    if isinstance(item, str):
        return item, ""
    raise InvalidValue(f"artifacts must be paths, or mappings with path and name, not {item!r}")


def _texts(document: Mapping[str, Any], key: str) -> dict[str, str]:
    return {str(name): _text(value, key) for name, value in _mapping(document, key).items()}


def _text(value: Any, key: str) -> str:
    """Text as it is, a number or truth value as Python writes it."""
    if isinstance(value, (Mapping, list)):
        raise InvalidValue(f"{key} holds {type(value).__name__} {value!r}, not one value")
    return "" if value is None else str(value)


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, Mapping):
        raise InvalidValue(f"{key} must be a mapping, not {value!r}")
    return value


def _sequence(document: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = document.get(key) or []
    if not isinstance(value, list):
        raise InvalidValue(f"{key} must be a list, not {value!r}")
    return value
