"""What only this clone holds: runs, artifacts, journals, waiting commits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError
from mlgit.git.holder import age_seconds
from mlgit.records import layout
from mlgit.store.finding import Finding, amount

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.store.store import Store

_PATIENCE = 60.0  # seconds that an honest writer may take


def unpushed(store: Store) -> Iterator[Finding]:
    """Runs that no remote-tracking branch has."""
    refs, suffix = store.repository.refs, f"/{store.branch.name}"
    remotes = [name for name in refs.names("refs/remotes/") if name.endswith(suffix)]
    tip = refs.read(remotes[0]) if remotes else None
    if tip is None:
        yield _never_pushed(store)
        return
    changed = {
        change.path
        for change in store.snapshot().changes_since(tip)
        if change.new is not None and change.path.endswith(f"/{layout.RUN}")
    }
    if changed:
        remote = remotes[0].split("/")[2]
        yield Finding(
            "unpushed",
            "warning",
            f"{amount(len(changed), 'run')} not on {remote} as here, as of the last fetch",
            f"mlgit push {remote}",
            {"runs": len(changed), "remote": remote},
        )


def _never_pushed(store: Store) -> Finding:
    count = sum(1 for _ in store.snapshot().run_folders())
    known = store.repository.config.subsections("remote")
    what = f"{amount(count, 'run')} in this clone only: the branch was never pushed"
    push = f"mlgit push {known[0] if known else 'origin'}"
    hint = push if known else f"git remote add origin URL && {push}"
    return Finding("unpushed", "warning" if known else "note", what, hint, {"runs": count})


def damaged_artifacts(store: Store) -> Iterator[Finding]:
    """Artifact bytes here that are not those they are named for; reads all of them."""
    for path in _files(store.data / "objects" / "sha256"):
        if path.is_symlink() or _digest(path) != path.name:
            yield Finding(
                "damaged-artifact",
                "error",
                f"{path} does not have the bytes it is named for",
                "log the artifact again; the damaged copy is replaced then",
                {"path": str(path)},
            )


def missing_artifacts(store: Store) -> Iterator[Finding]:
    """Artifacts that manifests name and that are neither in git nor here; reads all of them."""
    here = {path.name for path in _files(store.data / "objects" / "sha256")}
    missing = [
        f"{folder}: {entry.path}"
        for folder, entry in _entries(store)
        if entry.sha256 not in here and not (entry.inline or entry.uri)
    ]
    if missing:
        yield Finding(
            "missing-artifacts",
            "warning",
            f"{amount(len(missing), 'artifact')} not in this clone, such as {missing[0]}",
            "they were logged in another clone, which may still have them",
            {"count": len(missing)},
        )


def journals(store: Store) -> Iterator[Finding]:
    """Runs that are under way or whose program died before it published them."""
    live = store.data / "live"
    names = sorted(os.listdir(live)) if live.is_dir() else []  # noqa: PTH208 - names are wanted
    if names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        yield Finding(
            "journals",
            "note",
            f"{amount(len(names), 'run')} not published yet: {shown}",
            "mlgit recover    (publishes those whose program has died)",
            {"runs": names},
        )


def queue(store: Store) -> Iterator[Finding]:
    """Runs that a killed writer left waiting for a commit."""
    old = [path for path in _files(store.state / "queue") if age_seconds(path) > _PATIENCE]
    waiting = [path for path in old if path.suffix not in (".done", ".tmp")]
    if waiting:
        yield Finding(
            "waiting",
            "note",
            f"{amount(len(waiting), 'run')} left waiting by a killed writer",
            "nothing to do: the next write commits them",
            {"count": len(waiting)},
        )


def _entries(store: Store) -> Iterator[tuple[str, ArtifactEntry]]:
    """Every artifact of every run, with the run's folder."""
    snapshot = store.snapshot()
    for folder in snapshot.run_folders():
        with suppress(MlgitError):  # a damaged manifest is what `check` names
            yield from ((folder, entry) for entry in snapshot.manifest(folder))


def _files(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        yield from (Path(where, name) for name in names)


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()
