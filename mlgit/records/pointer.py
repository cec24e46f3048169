"""What points to a version, as values: an alias, and the stage of a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

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
    served,
    time_of,
    unknown,
    with_unknown,
)

STAGES = ("None", "Staging", "Production", "Archived")
_SHARED = ("format", "uid", "previous", "reason", "evidence", "at", "by")
_ALIAS_KEYS = frozenset([*_SHARED, "alias", "version", "manifest"])
_STAGE_KEYS = frozenset([*_SHARED, "stage"])


class Alias(NamedTuple):
    """A name that points to one version of a model; `at` is milliseconds UTC.

    Attributes:
        alias: Its name.
        version: The number of the version; the uid counts where they disagree.
        uid: The version.
        at: When it was decided.
        by: The writer that decided.
        manifest: What was approved: `sha256:` and a digest, or "".
        previous: The number that the alias had before, or None.
        reason: Why, in a person's words.
        evidence: The commit of the runs on which it was decided, 40 hex digits, or "".
        contested: Two sides moved it apart and nobody has decided: this is what it was before.
        extra: Keys that this version of mlgit does not know.
    """

    alias: str
    version: int
    uid: str
    at: int
    by: str
    manifest: str = ""
    previous: int | None = None
    reason: str = ""
    evidence: str = ""
    contested: bool = False
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


class Stage(NamedTuple):
    """The stage of one version; fields as in `Alias`, `previous` is the stage before or ""."""

    stage: str
    uid: str
    at: int
    by: str
    previous: str = ""
    reason: str = ""
    evidence: str = ""
    contested: bool = False
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


Pointer = TypeVar("Pointer", Alias, Stage)


def dump_alias(alias: Alias) -> bytes:
    """`aliases/<alias>.yaml`.

    Raises:
        errors.Unsupported: The alias was read from a newer format.
    """
    doc: Doc = {
        "format": alias.format,
        "alias": alias.alias,
        "version": alias.version,
        "uid": alias.uid,
        "manifest": alias.manifest,
    }
    return _dump(alias, {key: value for key, value in doc.items() if value != ""})


def dump_stage(stage: Stage) -> bytes:
    """`stages/<n>.yaml`.

    Raises:
        errors.Unsupported: The stage was read from a newer format.
    """
    return _dump(stage, {"format": stage.format, "stage": stage.stage, "uid": stage.uid})


def _dump(pointer: Alias | Stage, doc: Doc) -> bytes:
    require_writable(pointer.format)
    if pointer.previous not in (None, ""):
        doc["previous"] = pointer.previous
    if pointer.reason:
        doc["reason"] = pointer.reason
    if pointer.evidence:
        doc["evidence"] = {"commit": pointer.evidence}
    doc.update(at=times.iso(pointer.at), by=pointer.by)
    return text.dump(with_unknown(doc, pointer.extra))


def load_alias(data: bytes) -> Alias | None:
    """The alias that a file describes; None where a race made it and nobody has decided.

    A race over an alias that was there before reads as what it was, `contested`.

    Raises:
        errors.Damaged: Not an alias.
    """
    return _load(data, "alias", _to_alias)


def load_stage(data: bytes) -> Stage | None:
    """The stage that a file describes; a race reads as in `load_alias`.

    Raises:
        errors.Damaged: Not a stage.
    """
    return _load(data, "stage", _to_stage)


def _load(data: bytes, kind: str, convert: Callable[[Doc], Pointer]) -> Pointer | None:
    doc = text.load(data)
    try:
        if "sides" not in doc:
            return convert(doc)
        served(doc)  # both sides are there
        if doc.get("base") is None:
            return None
        head = {key: doc[key] for key in ("format", "alias") if key in doc}
        return convert({**head, **doc["base"]})._replace(contested=True)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage(kind, doc, error) from None


def _to_alias(doc: Doc) -> Alias:
    extra = unknown(doc, _ALIAS_KEYS)
    return Alias(
        alias=name_of(doc["alias"]),
        version=count_of(doc["version"]),
        uid=name_of(doc["uid"]),
        at=time_of(doc["at"]),
        by=name_of(doc["by"]),
        manifest=optional_text(doc, "manifest"),
        previous=count_of(doc["previous"]) if "previous" in doc else None,
        reason=optional_text(doc, "reason"),
        evidence=_evidence(doc, extra),
        extra=extra,
        format=format_of(doc),
    )


def _to_stage(doc: Doc) -> Stage:
    extra = unknown(doc, _STAGE_KEYS)
    if doc["stage"] not in STAGES:
        raise ValueError(f"stage is one of {', '.join(STAGES)}")
    return Stage(
        stage=doc["stage"],
        uid=name_of(doc["uid"]),
        at=time_of(doc["at"]),
        by=name_of(doc["by"]),
        previous=optional_text(doc, "previous"),
        reason=optional_text(doc, "reason"),
        evidence=_evidence(doc, extra),
        extra=extra,
        format=format_of(doc),
    )


def _evidence(doc: Doc, extra: Doc) -> str:
    section = doc.get("evidence", {})
    more = unknown(section, frozenset(["commit"]))
    if more:
        extra["evidence"] = more
    return optional_text(section, "commit")
