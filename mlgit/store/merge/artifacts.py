"""The artifacts of a run that both sides changed: every entry stays, and so do its bytes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, InvalidValue
from mlgit.records import layout
from mlgit.records.artifact import ArtifactEntry, Manifest, dump_manifest, load_manifest
from mlgit.records.safe_names import Taken
from mlgit.store.merge.values import each

if TYPE_CHECKING:
    from mlgit.git.tree import Edit
    from mlgit.store.merge.folder import FolderMerge

_FILES = "files/"


def merge_artifacts(folder: FolderMerge) -> None:
    """Unite two manifests, and give every content that is kept in git a name of its own.

    Two contents of one path are two entries.

    Raises:
        Damaged: A manifest cannot be read, or the united one would be too long to be.
        Unsupported: One is of a newer format.
    """
    if not folder.is_disputed(layout.ARTIFACTS):
        return
    sides = folder.ours, folder.theirs
    manifests = [load_manifest(folder.read(side[layout.ARTIFACTS])) for side in sides]
    contents = _contents(folder, manifests)
    inline = {entry.inline for manifest in manifests for entry in manifest}
    for name in [name for name in folder.after if name.startswith(_FILES)]:
        if name in inline:
            del folder.after[name]
    places: dict[str, str] = {}
    taken = Taken()
    entries = []
    for entry in _united(folder, manifests):
        placed = (
            _placed(entry, places, taken) if entry.sha256 in contents else entry._replace(inline="")
        )
        if placed.inline:
            folder.after[placed.inline] = contents[entry.sha256]
        entries.append(placed)
    extra = each({}, *(manifest.extra for manifest in manifests))
    newest = max(manifest.format for manifest in manifests)
    try:
        folder.after[layout.ARTIFACTS] = dump_manifest(Manifest(entries, extra, newest))
    except InvalidValue as error:
        raise Damaged(error.message, error.hint) from error


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
    found: dict[tuple[str, str, str], list[ArtifactEntry]] = {}
    for entry in chain.from_iterable(manifests):
        found.setdefault(_key(entry), []).append(entry)
    in_both = set.intersection(*({_key(entry) for entry in manifest} for manifest in manifests))
    kept = (key for key in found if key in in_both or key not in before)
    return [min(found[key], key=repr) for key in sorted(kept)]


def _key(entry: ArtifactEntry) -> tuple[str, str, str]:
    return entry.path, entry.sha256, entry.uri


def _placed(entry: ArtifactEntry, places: dict[str, str], taken: Taken) -> ArtifactEntry:
    """The entry with the name its bytes get in git, which no other content has.

    `places` are the names given so far by digest, `taken` the same names.
    """
    name = places.get(entry.sha256)
    if name is None:
        name = layout.artifact_file(entry.path, entry.sha256, taken)
        places[entry.sha256] = name
        taken.add(name)
    return entry._replace(inline=name)
