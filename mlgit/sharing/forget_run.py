"""A run, or parts of it, taken out of the store: the edits, and how they are listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged, InvalidState, InvalidValue
from mlgit.git.tree import Edit, walk
from mlgit.records import layout, text
from mlgit.records.artifact import Manifest, dump_manifest
from mlgit.records.epoch import named
from mlgit.records.run import Purged, dump_run, load_purged, load_run
from mlgit.records.system_tags import SYSTEM_TAGS
from mlgit.store.merge.fields import copy_field
from mlgit.store.named import who_names
from mlgit.store.tombstone import tombstone

if TYPE_CHECKING:
    from mlgit.store.snapshot import Snapshot

FORGOTTEN = "[forgotten]"
_KEPT = frozenset({layout.RUN, layout.ARTIFACTS})
Doc = dict[str, Any]


def whole_run(snapshot: Snapshot, folder: str, now: int, by: str) -> dict[str, Edit]:
    """The edits that leave only the stub of a run, which keeps its id from being used again.

    Raises:
        InvalidState: A registered version or a logged model came from it.
    """
    data = snapshot.read(f"{folder}/{layout.RUN}") or b""
    stub = load_purged(data) or _stub(snapshot, folder, now, by)
    names = {path[len(folder) + 1 :] for path, _ in walk(snapshot.objects, snapshot.tree, folder)}
    left = tombstone((), stub)  # not even the names of its files
    gone = dict.fromkeys(f"{folder}/{name}" for name in names - left.keys())
    return {**gone, **{f"{folder}/{name}": content for name, content in left.items()}}


def _stub(snapshot: Snapshot, folder: str, now: int, by: str) -> Purged:
    try:
        run = snapshot.run(folder)
    except Damaged:  # what cannot be read may be all the more in need of going
        return Purged(folder.rpartition("/")[2].partition("-")[2], now, by)
    users = who_names(snapshot, run.id)
    if users:
        raise InvalidState(
            f"run {run.name} is named by {'; '.join(users)}",
            "delete those first, or forget only parts of the run",
            id=run.id,
            named=users,
        )
    seen = [run.end or 0, *(edit.at for edit in run.edits.values())]
    seen += [summary.time for summary in run.metrics.values()]
    return Purged(run.id, max(now, *seen), by)


def run_parts(
    snapshot: Snapshot,
    folder: str,
    artifacts: Sequence[str],
    params: Iterable[str],
    tags: Iterable[str],
    files: Sequence[str],
) -> tuple[dict[str, Edit], set[str]]:
    """The edits that take parts of a run away, and how these are listed; none it does not have.

    Raises:
        NotFound: The run was purged.
        Damaged: Its record cannot be read.
        InvalidValue: A file cannot go without the run.
    """
    edits, names = _without_artifacts(snapshot, folder, artifacts)
    for file in files:
        if file in _KEPT or layout.is_segment(file) or "/" in file:
            raise InvalidValue(
                f"{file} cannot go alone", "forget the run, an --artifact, --param or --tag"
            )
        if snapshot.read(f"{folder}/{file}") is not None:
            edits[f"{folder}/{file}"] = None
            names.add(f"{folder}/{file}")
    fields = [f"params.{key}" for key in params]
    fields += [SYSTEM_TAGS.get(key) or f"tags.{key}" for key in tags]
    patch = "code.patch" if f"{folder}/{layout.PATCH}" in edits else ""
    record, gone = _without_fields(snapshot, folder, [*fields, *filter(None, [patch])])
    return {**edits, **record}, names | {named(f"{folder}/{layout.RUN}", one) for one in gone}


def _without_fields(
    snapshot: Snapshot, folder: str, fields: Sequence[str]
) -> tuple[dict[str, Edit], list[str]]:
    run = snapshot.run(folder)
    doc = text.load(dump_run(run))
    gone = [field for field in fields if _has(doc, field)]
    for field in gone:
        copy_field(_INSTEAD, doc, field)
        doc.get("edits", {}).pop(field, None)
    if not gone:
        return {}, []
    return {f"{folder}/{layout.RUN}": dump_run(load_run(text.dump(_whole(doc))))}, gone


#: What stands in a record where a field of it that must be there was forgotten.
_INSTEAD: Doc = {"name": FORGOTTEN, "code": {"patch": FORGOTTEN}}


def _has(doc: Doc, field: str) -> bool:
    section, dot, key = field.partition(".")
    return section in doc and (not dot or key in doc[section])


def _whole(doc: Doc) -> Doc:
    return {key: value for key, value in doc.items() if value != {}}


def _without_artifacts(
    snapshot: Snapshot, folder: str, paths: Sequence[str]
) -> tuple[dict[str, Edit], set[str]]:
    manifest = snapshot.manifest(folder) if paths else Manifest()
    gone = [entry for entry in manifest if any(_is_in(entry.path, path) for path in paths)]
    if not gone:
        return {}, set()
    history = snapshot.run(folder).history.artifacts
    for entry in gone:
        if entry.path in history:
            raise InvalidValue(f"{entry.path} holds the metrics of the run", "forget the run")
    kept = Manifest([one for one in manifest if one not in gone], manifest.extra, manifest.format)
    inline = {one.inline for one in gone} - {one.inline for one in kept} - {""}
    place = f"{folder}/{layout.ARTIFACTS}"
    edits: dict[str, Edit] = dict.fromkeys(f"{folder}/{name}" for name in inline)
    return {**edits, place: dump_manifest(kept)}, {named(place, one.path) for one in gone}


def _is_in(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith(f"{wanted.rstrip('/')}/")
