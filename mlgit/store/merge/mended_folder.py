"""A run's (or logged model's) folder after a merge by others: what it lost comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound
from mlgit.git.tree import Edit, Entry, walk
from mlgit.records import layout
from mlgit.records.artifact import Manifest, dump_manifest, load_manifest
from mlgit.records.inputs import dump_inputs, load_inputs
from mlgit.records.run import dump_run, load_purged, load_run
from mlgit.store.merge.run import with_summaries
from mlgit.store.merge.whole import Mended, is_whole

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

_FILES = "files/"
_LOST = "was lost"


def mended_folder(
    objects: Objects, folder: str, trees: tuple[Oid, Oid, Oid, Oid, Oid]
) -> dict[str, Mended]:
    """What has to change in a folder of the last tree, by path.

    Args:
        objects: Reads the trees.
        folder: The folder.
        trees: Both sides of a merge, what was made of them, what ours would have made, and where
            the branch is now.
    """
    found = _Folder(objects, folder, trees).mended()
    return {f"{folder}/{name}": one for name, one in found.items()}


class _Folder:
    """One folder in several trees; names are paths below it."""

    def __init__(
        self, objects: Objects, folder: str, trees: tuple[Oid, Oid, Oid, Oid, Oid]
    ) -> None:
        self._objects, self._folder = objects, folder
        ours, theirs, self.result, self.wanted, self.now = map(self._files, trees)
        if self._is_stub(self.wanted) and not self._is_stub(self.result):
            self.wanted = theirs if self._is_stub(ours) else ours
        self.changes: dict[str, Mended] = {}

    def mended(self) -> dict[str, Mended]:
        if self._is_stub(self.result):
            self._empty()
        elif not self._is_stub(self.now):
            self._restore()
            self._unite_artifacts()
            self._unite_inputs()
            self._summarize()
        return self.changes

    def _empty(self) -> None:
        """Take away what came to a run that was purged."""
        if self._is_stub(self.wanted):
            for name in self.result.keys() - {layout.RUN}:
                stub = self.wanted.get(name)
                if self.result[name] != stub:
                    self._put({name: self._read(stub) if stub else None}, "is of a purged run")

    def _restore(self) -> None:
        """Bring back what is gone or cannot be read; artifacts are brought back by content."""
        for name, entry in self.wanted.items():
            data, now = self._read(entry), self._read(self.result.get(name))
            if data and not now and not (name.startswith(_FILES) and name not in self.result):
                self._put({name: data}, _LOST)
            elif now and now != data and not is_whole(self._kind(name), now):
                self._put({name: data}, "cannot be read")

    def _unite_artifacts(self) -> None:
        """Every path that one side has, and the bytes of every entry."""
        wanted = load_manifest(self._text(self.wanted, layout.ARTIFACTS))
        known = load_manifest(self._after(layout.ARTIFACTS))
        bytes_of = {one.sha256: self.wanted[one.inline] for one in wanted if one.inline}
        paths, taken = {one.path for one in known}, [one.inline for one in known]
        united = Manifest(known, known.extra, known.format)
        for one in (one for one in wanted if one.path not in paths):
            inline = one.inline and layout.artifact_file(one.path, one.sha256, taken)
            taken.append(inline)
            united.append(one._replace(inline=inline))
        for one in united:
            if one.inline and one.inline not in self.result and one.sha256 in bytes_of:
                self._put({one.inline: self._read(bytes_of[one.sha256])}, _LOST)
        if len(united) > len(known):
            self._put({layout.ARTIFACTS: dump_manifest(united)}, "lost artifacts")

    def _unite_inputs(self) -> None:
        wanted = load_inputs(self._text(self.wanted, layout.INPUTS))
        known = load_inputs(self._after(layout.INPUTS))
        datasets = [one for one in wanted.datasets if one not in known.datasets]
        models = [one for one in wanted.models if one not in known.models]
        if datasets or models:
            united = known._replace(
                datasets=(*known.datasets, *datasets), models=(*known.models, *models)
            )
            self._put({layout.INPUTS: dump_inputs(united)}, "lost inputs")

    def _summarize(self) -> None:
        """Metrics of the record that are not those of the metric files."""
        try:
            run = load_run(self._after(layout.RUN))
            names = sorted(filter(layout.is_segment, {*self.now, *self.changes}))
            counted = with_summaries(run, {name: self._after(name) for name in names})
        except (Damaged, NotFound):
            return
        if counted != run:
            self.changes[layout.RUN] = Mended(
                dump_run(counted), "metrics are not those of its files"
            )

    def _put(self, edits: dict[str, Edit], reason: str) -> None:
        """Change what is as the merge left it."""
        for name, edit in edits.items():
            if self.now.get(name) == self.result.get(name):
                self.changes[name] = Mended(edit, reason)

    def _after(self, name: str) -> bytes:
        change = self.changes.get(name)
        if change is not None and isinstance(change.edit, bytes):
            return change.edit
        return self._text(self.now, name)

    def _kind(self, name: str) -> str:
        located = layout.parse_path(f"{self._folder}/{name}")
        return located.kind if located else ""

    def _files(self, tree: Oid) -> dict[str, Entry]:
        prefix = f"{self._folder}/"
        return {path.removeprefix(prefix): e for path, e in walk(self._objects, tree, prefix)}

    def _is_stub(self, files: dict[str, Entry]) -> bool:
        try:
            return load_purged(self._text(files, layout.RUN)) is not None
        except Damaged:
            return False

    def _text(self, files: dict[str, Entry], name: str) -> bytes:
        return self._read(files.get(name)) or b"format: 1\n"

    def _read(self, entry: Entry | None) -> bytes:
        return self._objects.blob(entry.oid) if entry else b""
