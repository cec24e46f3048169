"""The artifact manifest of a run: what `artifacts.yaml` says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import starmap
from typing import Any, NamedTuple

from mlgit import errors
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
    unknown,
    with_unknown,
)

_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch
_KEYS = frozenset(["format", "artifacts"])
_LONG = (
    10_000  # bytes, or hundredths of an entry: beyond it a reader of its own is worth its import
)
_ENTRY = frozenset(["path", "size", "sha256", "inline", "uri"])


class ArtifactEntry(NamedTuple):
    """One artifact file of a run.

    Attributes:
        path: Its path below the run's artifacts, `/` between parts.
        size: Bytes.
        sha256: 64 hex digits of its content; empty for an external reference.
        inline: Path below the run's folder on the branch when the bytes are kept in git.
        uri: Where an external reference points; empty otherwise.
        extra: Keys that this version does not know.
    """

    path: str
    size: int
    sha256: str
    inline: str = ""
    uri: str = ""
    extra: Mapping[str, Any] = NOTHING


class Manifest(list[ArtifactEntry]):
    """The entries of one file, with the keys of the file that this version does not know."""

    def __init__(
        self,
        entries: Iterable[ArtifactEntry] = (),
        extra: Mapping[str, Any] | None = None,
        format: int = FORMAT,  # noqa: A002  # the word of the file
    ) -> None:
        super().__init__(entries)
        self.extra: Mapping[str, Any] = extra or {}
        self.format = format


def dump_manifest(entries: Iterable[ArtifactEntry]) -> bytes:
    """`artifacts.yaml` of the entries, in the order of their paths.

    Raises:
        errors.Unsupported: The manifest was read from a newer format.
        errors.InvalidValue: It is longer than anybody reads.
    """
    held = entries if isinstance(entries, Manifest) else Manifest(entries)
    require_writable(held.format)
    ordered = sorted(held, key=lambda entry: (entry.path, entry.sha256, entry.uri))
    data = _long(ordered, held) or text.dump(_to_doc(ordered, held))
    if len(data) > text.MAX_BYTES:
        raise errors.InvalidValue(
            f"a list of {len(ordered)} artifacts takes {len(data)} bytes;"
            f" {text.MAX_BYTES} is the limit",
            "keep the files in an archive, or log them to several runs",
            size=len(data),
            limit=text.MAX_BYTES,
        )
    return data


def _long(ordered: list[ArtifactEntry], held: Manifest) -> bytes | None:
    """A long manifest of nothing but what this version knows, faster than as a document."""
    if len(ordered) * 100 < _LONG or held.extra or any(entry.extra for entry in ordered):
        return None
    from mlgit.records import artifact_lines

    return artifact_lines.write(entry[:5] for entry in ordered)


def _to_doc(ordered: list[ArtifactEntry], held: Manifest) -> Doc:
    doc: Doc = {"format": held.format}
    if ordered:
        doc["artifacts"] = [_entry_to_doc(entry) for entry in ordered]
    return with_unknown(doc, held.extra)


def _entry_to_doc(entry: ArtifactEntry) -> Doc:
    doc: Doc = {"path": entry.path, "size": entry.size}
    optional = {"sha256": entry.sha256, "inline": entry.inline, "uri": entry.uri}
    doc.update((key, value) for key, value in optional.items() if value)
    return with_unknown(doc, entry.extra)


def load_manifest(data: bytes) -> Manifest:
    """The manifest that an `artifacts.yaml` holds.

    Raises:
        errors.Damaged: Not a manifest.
    """
    if len(data) > _LONG:
        from mlgit.records import artifact_lines

        plain = artifact_lines.read(data)
        if plain is not None:
            return Manifest(starmap(ArtifactEntry, plain))
    doc = text.load(data)
    try:
        entries = [_doc_to_entry(entry) for entry in doc.get("artifacts", [])]
        return Manifest(entries, unknown(doc, _KEYS), format_of(doc))
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("artifacts", doc, error) from None


def _doc_to_entry(doc: Doc) -> ArtifactEntry:
    return ArtifactEntry(
        path=name_of(doc["path"]),
        size=count_of(doc["size"]),
        sha256=_digest(doc),
        inline=optional_text(doc, "inline"),
        uri=optional_text(doc, "uri"),
        extra=unknown(doc, _ENTRY),
    )


def _digest(doc: Doc) -> str:
    digest = optional_text(doc, "sha256")
    if digest and not _sha256(digest):
        raise ValueError("sha256 is 64 lower-case hex digits")
    return digest
