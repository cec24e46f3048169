"""Where the history of a store began anew, and what it must never hold again: `epoch.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlgit import times
from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    count_of,
    format_of,
    name_of,
    optional_text,
    require_writable,
    time_of,
    unknown,
    with_unknown,
)

_KEYS = frozenset(["format", "epoch", "at", "by", "reason", "forgotten", "before"])
_SEPARATOR = ": "  # stands in no path of the branch that mlgit makes


class Epoch(NamedTuple):
    """The history of a store since something was forgotten.

    Attributes:
        number: From 2; a store in which nothing was ever forgotten is in epoch 1.
        at: When, milliseconds UTC.
        by: The clone.
        reason: Why, in words.
        forgotten: All that this epoch and those before it forgot, see `named` and `parts_of`.
        before: The commits whose history was given up, as hex digits.
        extra: Keys that this version does not know.
        format: What the file said.
    """

    number: int
    at: int
    by: str
    reason: str = ""
    forgotten: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def named(path: str, part: str = "") -> str:
    """How a forgotten file or folder is listed, or a part of a file: a field or an artifact."""
    return f"{path}{_SEPARATOR}{part}" if part else path


def parts_of(forgotten: frozenset[str]) -> dict[str, set[str]]:
    """The forgotten parts of each path; none where all of it is."""
    found: dict[str, set[str]] = {}
    for one in sorted(forgotten):
        path, separator, part = one.partition(_SEPARATOR)
        if not separator:
            found[path] = set()
        elif found.get(path) != set():
            found.setdefault(path, set()).add(part)
    return found


def dump_epoch(epoch: Epoch) -> bytes:
    """`epoch.yaml` of an epoch.

    Raises:
        errors.Unsupported: It was read from a newer format.
    """
    require_writable(epoch.format)
    doc: Doc = {
        "format": epoch.format,
        "epoch": epoch.number,
        "at": times.iso(epoch.at),
        "by": epoch.by,
    }
    optional = {
        "reason": epoch.reason,
        "forgotten": sorted(epoch.forgotten),
        "before": sorted(epoch.before),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return text.dump(with_unknown(doc, epoch.extra))


def load_epoch(data: bytes) -> Epoch:
    """The epoch that an `epoch.yaml` describes.

    Raises:
        errors.Damaged: Not an epoch.
    """
    doc = text.load(data)
    try:
        return Epoch(
            count_of(doc["epoch"]),
            time_of(doc["at"]),
            name_of(doc["by"]),
            optional_text(doc, "reason"),
            frozenset(name_of(one) for one in doc.get("forgotten", ())),
            frozenset(name_of(one) for one in doc.get("before", ())),
            unknown(doc, _KEYS),
            format_of(doc),
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("epoch", doc, error) from None
