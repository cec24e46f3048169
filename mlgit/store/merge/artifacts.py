"""The artifacts of a run that both sides changed: every entry stays, and so do its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, Manifest, dump_manifest, load_manifest
from mlgit.store.merge.values import each

if TYPE_CHECKING:
    from mlgit.git.tree import Edit
    from mlgit.store.merge.folder import FolderMerge

_FILES = "files/"


def merge_artifacts(folder: FolderMerge) -> None:
    """Unite two manifests, and give every content that is kept in git a name of its own.

    Two contents of one path are two entries.

    Raises:
        Damaged: A manifest cannot be read.
        Unsupported: One is of a newer format.
    """
    if not folder.is_disputed(layout.ARTIFACTS):
        return
    sides = folder.ours, folder.theirs
    manifests = [load_manifest(folder.read(side[layout.ARTIFACTS])) for side in sides]
    contents = _contents(folder, manifests)
    for name in [name for name in folder.after if name.startswith(_FILES)]:
        if any(name in (entry.inline for entry in manifest) for manifest in manifests):
            del folder.after[name]
    taken: dict[str, str] = {}
    entries = []
    for entry in _united(folder, manifests):
        placed = _placed(entry, taken) if entry.sha256 in contents else entry._replace(inline="")
        if placed.inline:
            folder.after[placed.inline] = contents[entry.sha256]
        entries.append(placed)
    extra = each({}, *(manifest.extra for manifest in manifests))
    newest = max(manifest.format for manifest in manifests)
    folder.after[layout.ARTIFACTS] = dump_manifest(Manifest(entries, extra, newest))


def _contents(folder: FolderMerge, manifests: list[Manifest]) -> dict[str, Edit]:
    """The files in git by the digest of their content."""
    found: dict[str, Edit] = {}
    for side, manifest in zip((folder.ours, folder.theirs), manifests, strict=True):
        for entry in manifest:
            if entry.inline in side:
                found[entry.sha256] = side[entry.inline]
    return found


def _united(folder: FolderMerge, manifests: list[Manifest]) -> list[ArtifactEntry]:
    """Every entry once, but for those that one side took away and the other left as they were."""
    base = folder.base.get(layout.ARTIFACTS)
    data = folder.read(base) if base else b""  # nothing in it where the run was purged, too
    before = {_key(entry) for entry in (load_manifest(data) if data else ())}
    found = {_key(entry): entry for manifest in reversed(manifests) for entry in manifest}
    in_both = set.intersection(*({_key(entry) for entry in manifest} for manifest in manifests))
    kept = (key for key in found if key in in_both or key not in before)
    return [min(_alike(manifests, key), key=repr) for key in sorted(kept)]


def _alike(manifests: list[Manifest], key: tuple[str, str, str]) -> list[ArtifactEntry]:
    return [entry for manifest in manifests for entry in manifest if _key(entry) == key]


def _key(entry: ArtifactEntry) -> tuple[str, str, str]:
    return entry.path, entry.sha256, entry.uri


def _placed(entry: ArtifactEntry, taken: dict[str, str]) -> ArtifactEntry:
    """The entry with the name its bytes get in git, which no other content has."""
    known = next((name for name, digest in taken.items() if digest == entry.sha256), "")
    name = known or layout.artifact_file(entry.path, entry.sha256, taken)
    taken[name] = entry.sha256
    return entry._replace(inline=name)
