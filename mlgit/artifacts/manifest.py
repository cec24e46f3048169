"""What is known of a run's artifacts: one entry a path, files and folders, what fits in git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import InvalidValue, NotFound
from mlgit.records import layout, text
from mlgit.records.artifact import ArtifactEntry, Manifest
from mlgit.records.artifact_path import is_safe_path, safe_path
from mlgit.records.safe_names import Taken

if TYPE_CHECKING:
    from mlgit.records.settings import Limits


_ENTRY = 121  # bytes that an entry takes in the file besides its path
_MOST_LISTED = text.MAX_BYTES - (1 << 20)  # bytes; the rest is for names of what git keeps
_FEW = 5_000  # entries, which fit whatever their names


class Listed(NamedTuple):
    """One name in a folder of artifacts; `size` is bytes, 0 for a folder."""

    path: str
    is_folder: bool
    size: int = 0


def merge(first: Iterable[ArtifactEntry], *later: Iterable[ArtifactEntry]) -> Manifest:
    """One manifest of several in the order they were logged: the last entry of a path wins.

    What this version does not know in the first one's file is kept.

    Raises:
        InvalidValue: One path would be a file and a folder.
    """
    known = first if isinstance(first, Manifest) else Manifest(first)
    merged = {entry.path: entry for entries in (known, *later) for entry in entries}
    for path in merged:
        clash = next((folder for folder in _folders(path) if folder in merged), None)
        if clash is not None:
            raise InvalidValue(f"artifact {clash!r} is a file, so {path!r} cannot be below it")
    return Manifest((merged[path] for path in sorted(merged)), known.extra, known.format)


def select(entries: Iterable[ArtifactEntry], path: str = "") -> list[ArtifactEntry]:
    """The entry of that path, or all below that folder; all of them for the empty path.

    Raises:
        NotFound: There is neither.
    """
    listed = list(entries)
    if not path:
        return listed
    below = safe_path(path) + "/"
    found = [entry for entry in listed if entry.path == path or entry.path.startswith(below)]
    if not found:
        raise NotFound(f"no artifact {path!r} in this run", candidates=[e.path for e in listed[:5]])
    return found


def children(entries: Iterable[ArtifactEntry], folder: str = "") -> list[Listed]:
    """The names directly below `folder`, sorted; empty for a file or where there is nothing."""
    below = f"{safe_path(folder)}/" if folder else ""
    found: dict[str, Listed] = {}
    for entry in entries:
        if not entry.path.startswith(below) or not is_safe_path(entry.path):
            continue
        name, _, deeper = entry.path[len(below) :].partition("/")
        path = below + name
        found[path] = Listed(path, True) if deeper else Listed(path, False, entry.size)
    return [found[path] for path in sorted(found)]


class Room:
    """How much a run may still list and keep in git, and under which names.

    `entries` are those of the run so far; replacing one gives its room back.
    """

    def __init__(self, limits: Limits, entries: Iterable[ArtifactEntry] = ()) -> None:
        self._file, self._run = limits.inline_file, limits.inline_run
        self._kept: dict[str, ArtifactEntry] = {}
        self._taken, self._bytes = Taken(), 0
        self._listed: set[str] = set()
        for entry in entries:
            self._listed.add(entry.path)
            if entry.inline:
                self._keep(entry)

    def enlist(self, paths: Collection[str]) -> None:
        """Count these paths among those of the run.

        Raises:
            InvalidValue: Its `artifacts.yaml` would be longer than anybody reads.
        """
        self._listed.update(paths)
        if len(self._listed) <= _FEW:
            return
        if sum(len(path.encode()) + _ENTRY for path in self._listed) > _MOST_LISTED:
            raise InvalidValue(
                f"{len(self._listed)} artifacts are more than one run can list",
                "log the folder as an archive, or log it to several runs",
            )

    def fits(self, path: str, size: int) -> bool:
        """Whether `size` bytes at `path` may be kept in git."""
        known = self._kept.get(path)
        others = self._bytes - (known.size if known else 0)
        return size <= self._file and others + size <= self._run

    def place(self, entry: ArtifactEntry) -> ArtifactEntry:
        """The entry with the name below the run's folder that its bytes get in git."""
        self.release(entry.path)
        inline = layout.artifact_file(entry.path, entry.sha256, self._taken)
        placed = entry._replace(inline=inline)
        self._keep(placed)
        return placed

    def release(self, path: str) -> None:
        """Give back the room of what was at `path`: it is kept elsewhere now."""
        known = self._kept.pop(path, None)
        if known is not None:
            self._taken.remove(known.inline)
            self._bytes -= known.size

    def _keep(self, entry: ArtifactEntry) -> None:
        self.release(entry.path)
        self._kept[entry.path] = entry
        self._taken.add(entry.inline)
        self._bytes += entry.size


def used_files(entries: Iterable[ArtifactEntry], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of the inline `files` that the manifest still names."""
    names = {entry.inline for entry in entries}
    return {name: data for name, data in files.items() if name in names}


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
