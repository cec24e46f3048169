"""Bytes that were published by name only: what one file below `unshared/` says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    count_of,
    format_of,
    name_of,
    require_writable,
    unknown,
    with_unknown,
)

_KEYS = frozenset(["format", "clone", "artifacts"])
_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch
_NAME_LENGTH = 16


class Unshared(NamedTuple):
    """Bytes that manifests of the branch name and that only one clone had when it pushed.

    Attributes:
        clone: The writer id of that clone.
        sizes: Digest, 64 hex digits -> bytes.
        extra: Keys that this version does not know.
        format: What the file said.
    """

    clone: str
    sizes: Mapping[str, int]
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def unshared_name(data: bytes) -> str:
    """The name of the file with that content, without its ending: so no file is ever changed."""
    return sha256(data).hexdigest()[:_NAME_LENGTH]


def dump_unshared(unshared: Unshared) -> bytes:
    """The file, by digest.

    Raises:
        errors.Unsupported: It was read from a newer format.
    """
    require_writable(unshared.format)
    listed = [{"sha256": one, "size": size} for one, size in sorted(unshared.sizes.items())]
    doc: Doc = {"format": unshared.format, "clone": unshared.clone, "artifacts": listed}
    return text.dump(with_unknown(doc, unshared.extra))


def load_unshared(data: bytes) -> Unshared:
    """What such a file says.

    Raises:
        errors.Damaged: It is none.
    """
    doc = text.load(data)
    try:
        return Unshared(
            name_of(doc["clone"]),
            {_digest(one["sha256"]): count_of(one["size"]) for one in doc["artifacts"]},
            unknown(doc, _KEYS),
            format_of(doc),
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("unshared", doc, error) from None


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _sha256(value):
        raise ValueError("sha256 is 64 lower-case hex digits")
    return value
