"""`run.yaml` and back."""

from __future__ import annotations

from contextlib import suppress

from mlgit import errors, times
from mlgit.records import history, metric_section, text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    Doc,
    count_of,
    doc_to_edits,
    doc_to_texts,
    edits_to_doc,
    flag_of,
    format_of,
    lifecycle_of,
    name_of,
    optional_text,
    optional_time,
    real_of,
    require_writable,
    texts_to_doc,
    time_of,
    unknown,
    value_to_text,
    whole_of,
    with_unknown,
)
from mlgit.records.run import Code, MetricSummary, Purged, Run, RunStatus, Source
from mlgit.records.yaml_read import NotProfile, read_profile

SOFT_LIMIT = 1024 * 1024  # bytes of a run.yaml above which a writer warns
HARD_LIMIT = text.MAX_BYTES

_KEYS = frozenset(
    [
        "format",
        "id",
        "name",
        "experiment",
        "status",
        "start",
        "end",
        "user",
        "host",
        "parent",
        "lifecycle",
        "deleted_at",
        "note",
        "code",
        "source",
        "params",
        "metrics",
        "tags",
        "edits",
        "alive_until",
        "history",
    ]
)
_CODE = frozenset(["commit", "branch", "repository", "dirty", "patch"])
_SOURCE = frozenset(["type", "name", "command", "entry_point"])
_SUMMARY = frozenset(["last", "step", "time", "min", "max", "count"])
_STATUS = {status.value: status for status in RunStatus}


def dump(run: Run) -> bytes:
    """See `mlgit.records.run.dump_run`."""
    require_writable(run.format)
    data = text.dump(with_unknown(_to_doc(run), run.extra))
    if len(data) > HARD_LIMIT:
        raise errors.InvalidValue(
            f"run {run.name or run.id} needs a run.yaml of {len(data)} bytes;"
            f" {HARD_LIMIT} is the limit",
            "log large text as an artifact",
            size=len(data),
            limit=HARD_LIMIT,
        )
    return data


def _to_doc(run: Run) -> Doc:
    head: Doc = {
        "format": run.format,
        "id": run.id,
        "name": run.name,
        "experiment": run.experiment_id,
        "status": run.status.value,
        "start": times.iso(run.start),
    }
    optional = {
        "end": _iso(run.end),
        "user": run.user,
        "host": run.host,
        "parent": run.parent,
        "lifecycle": "" if run.lifecycle == "active" else run.lifecycle,
        "deleted_at": _iso(run.deleted_at),
        "note": run.note,
        "code": _code_to_doc(run.code),
        "source": _source_to_doc(run.source),
        "params": texts_to_doc(run.params),
        "metrics": {key: _summary_to_doc(run.metrics[key]) for key in sorted(run.metrics)},
        "tags": texts_to_doc(run.tags),
        "edits": edits_to_doc(run.edits),
        "alive_until": _iso(run.alive_until),
        "history": history.to_doc(run.history),
    }
    head.update((key, value) for key, value in optional.items() if value)
    return head


def _iso(ms: int | None) -> str:
    return "" if ms is None else times.iso(ms)


def _code_to_doc(code: Code) -> Doc:
    pairs = [
        ("commit", code.commit),
        ("branch", code.branch),
        ("repository", code.repository),
        ("dirty", code.dirty or None),
        ("patch", code.patch),
    ]
    return {key: value for key, value in pairs if value}


def _source_to_doc(source: Source) -> Doc:
    doc: Doc = {} if source.type == "LOCAL" else {"type": source.type}
    pairs = [
        ("name", source.name),
        ("command", source.command),
        ("entry_point", source.entry_point),
    ]
    doc.update((key, value) for key, value in pairs if value)
    return doc


def _summary_to_doc(summary: MetricSummary) -> Doc:
    doc: Doc = {"last": float(summary.last), "step": summary.step, "time": summary.time}
    if summary.points != 1:
        doc.update(min=float(summary.min), max=float(summary.max), count=summary.points)
    return doc


def load(data: bytes) -> Run:
    """See `mlgit.records.run.load_run`."""
    doc, metrics = _read(data)
    if "purged" in doc:
        stub = _stub(doc)
        raise errors.NotFound(
            f"run {stub.id} was purged on {times.iso(stub.at)[:10]} by {stub.by}",
            f"mlgit restore {stub.id}",
            id=stub.id,
        )
    try:
        return _to_run(doc, metrics)
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("run", text.load(data), error) from None


def _read(data: bytes) -> tuple[Doc, dict[str, MetricSummary] | None]:
    """The document, and its metrics by themselves where they could be read at once."""
    if len(data) <= HARD_LIMIT:
        with suppress(NotProfile, UnicodeDecodeError):
            parts = metric_section.split(data.decode())
            doc = read_profile(parts[0]) if parts else {}
            if parts and "metrics" not in doc:
                return doc, parts[1]
    return text.load(data), None


def _to_run(doc: Doc, metrics: dict[str, MetricSummary] | None = None) -> Run:
    extra = unknown(doc, _KEYS)
    code, source = doc.get("code"), doc.get("source")
    return Run(
        id=name_of(doc["id"]),
        name=value_to_text(doc["name"]),
        experiment_id=name_of(doc["experiment"]),
        status=_STATUS[doc["status"]],
        start=time_of(doc["start"]),
        end=optional_time(doc, "end"),
        user=optional_text(doc, "user"),
        host=optional_text(doc, "host"),
        parent=optional_text(doc, "parent"),
        lifecycle=lifecycle_of(doc),
        deleted_at=optional_time(doc, "deleted_at"),
        note=optional_text(doc, "note"),
        code=_doc_to_code(code, extra) if code else Code(),
        source=_doc_to_source(source, extra) if source else Source(),
        params=doc_to_texts(doc.get("params", {}), extra, "params"),
        metrics=_doc_to_metrics(doc.get("metrics", {}), extra) if metrics is None else metrics,
        tags=doc_to_texts(doc.get("tags", {}), extra, "tags"),
        edits=doc_to_edits(doc.get("edits", {})),
        alive_until=optional_time(doc, "alive_until"),
        history=history.from_doc(doc.get("history", {})),
        extra=extra,
        format=format_of(doc),
    )


def _doc_to_code(section: Doc, extra: Doc) -> Code:
    _keep(extra, "code", unknown(section, _CODE))
    return Code(
        commit=optional_text(section, "commit"),
        branch=optional_text(section, "branch"),
        repository=optional_text(section, "repository"),
        dirty=flag_of(section.get("dirty", False)),
        patch=optional_text(section, "patch"),
    )


def _doc_to_source(section: Doc, extra: Doc) -> Source:
    _keep(extra, "source", unknown(section, _SOURCE))
    return Source(
        type=value_to_text(section.get("type", "LOCAL")),
        name=optional_text(section, "name"),
        command=optional_text(section, "command"),
        entry_point=optional_text(section, "entry_point"),
    )


def _doc_to_metrics(section: Doc, extra: Doc) -> dict[str, MetricSummary]:
    found: dict[str, MetricSummary] = {}
    rest: Doc = {}
    for key, entry in section.items():
        last = real_of(entry["last"])
        found[key] = MetricSummary(
            last,
            whole_of(entry["step"]),
            whole_of(entry["time"]),
            real_of(entry.get("min", last)),
            real_of(entry.get("max", last)),
            count_of(entry.get("count", 1)),
        )
        if not entry.keys() <= _SUMMARY:
            rest[key] = unknown(entry, _SUMMARY)
    _keep(extra, "metrics", rest)
    return found


def _keep(extra: Doc, section: str, found: Doc) -> None:
    if found:
        extra[section] = found


def dump_stub(purged: Purged) -> bytes:
    """See `mlgit.records.run.dump_purged`."""
    mark = {"at": times.iso(purged.at), "by": purged.by}
    return text.dump({"format": FORMAT, "id": purged.id, "purged": mark})


def load_stub(data: bytes) -> Purged | None:
    """See `mlgit.records.run.load_purged`."""
    doc = text.load(data)
    return _stub(doc) if "purged" in doc else None


def _stub(doc: Doc) -> Purged:
    try:
        mark = doc["purged"]
        return Purged(name_of(doc["id"]), time_of(mark["at"]), name_of(mark["by"]))
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("run", doc, error) from None
