"""The artifacts of runs as a file system of fsspec's, only to read: `mlgit://RUN/PATH`."""

from __future__ import annotations

from typing import Any, BinaryIO, ClassVar

from fsspec.spec import AbstractFileSystem

from mlgit import tracker as trackers
from mlgit.artifacts.fetch import open_artifact
from mlgit.artifacts.manifest import children
from mlgit.records.artifact_path import is_safe_path
from mlgit.tracker import Held, Tracker
from mlgit.where import parse_uri


class MlgitFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Artifacts of runs; what is opened has been read through and is what the run says it is.

    RUN is an id, the beginning of one, a name, or `@last` and the like; `mlgit://` alone holds a
    folder for each run in use, called by its id.

    Args:
        store: The repository, a path or `mlgit:PATH`; the current one when empty.
    """

    protocol: ClassVar[str] = "mlgit"
    root_marker = ""

    def __init__(self, store: str = "", **options: Any) -> None:
        super().__init__(store=store, **options)
        self._store = store

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """The files and folders directly in a folder of artifacts; for `mlgit://` the runs.

        Newest runs come first, each with its `run_name` and `experiment`.

        Raises:
            FileNotFoundError: There is no such folder or file.
            NotFound, Ambiguous: There is no such run, or there are several.
        """
        run, below = _parts(self._strip_protocol(path))
        if not run:
            return self._runs() if detail else [one["name"] for one in self._runs()]
        held = self._held(run)
        found = [
            _info(f"{run}/{one.path}", None if one.is_folder else one.size)
            for one in children(held.entries, below)
        ]
        if not found and below:
            found = [self.info(path)]
        return found if detail else [one["name"] for one in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size in bytes and type, of a file its `sha256`, too; raises as `ls`."""
        name = self._strip_protocol(path)
        run, below = _parts(name)
        if not run:
            return _info("", None)
        entries = [one for one in self._held(run).entries if is_safe_path(one.path)]
        for entry in entries:
            if entry.path == below:
                return {**_info(name, entry.size), "sha256": entry.sha256}
        if below and not any(entry.path.startswith(f"{below}/") for entry in entries):
            raise FileNotFoundError(f"run {run} has no artifact {below!r}")
        return _info(name.rstrip("/"), None)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        """The artifact, verified; raises as `fetch.read`."""
        if mode != "rb":
            raise NotImplementedError("artifacts of runs are only read here: mlgit artifact put")
        run, below = _parts(self._strip_protocol(path))
        held = self._held(run)
        entry = next((one for one in held.entries if one.path == below), None)
        if entry is None:
            raise FileNotFoundError(f"run {run} has no artifact file {below!r}")
        return open_artifact(entry, held.sources)

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """Bytes of the artifact, `start` and `end` as in a slice; raises as `open`."""
        with self._open(path) as file:
            if start is None and end is None:
                return file.read()
            size = file.seek(0, 2)
            first, last, _step = slice(start, end).indices(size)
            file.seek(first)
            return file.read(max(last - first, 0))

    def _runs(self) -> list[dict[str, Any]]:
        tracker = self._tracker()
        return [
            {**_info(one.run.id, None), "run_name": one.run.name, "experiment": one.experiment}
            for one in tracker.index.find(live=tracker.live())
        ]

    def _held(self, run: str) -> Held:
        if not run:
            raise FileNotFoundError("name a run: mlgit://RUN/PATH")
        return self._tracker().artifacts(run)

    def _tracker(self) -> Tracker:
        if self._store:
            return trackers.of(parse_uri(self._store))
        from mlgit.api import context

        return context.tracker()


def _parts(name: str) -> tuple[str, str]:
    """The run and the path below its artifacts."""
    run, _, below = name.partition("/")
    return run, below.strip("/")


def _info(name: str, size: int | None) -> dict[str, Any]:
    """What fsspec wants to know of a file, or of a folder, whose size is None."""
    kind = "directory" if size is None else "file"
    return {"name": name, "size": size or 0, "type": kind}
