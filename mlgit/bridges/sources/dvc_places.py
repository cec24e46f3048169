"""Where DVC's experiments are: a folder as it lies, and commits of a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.git.tree import FILE_MODE, diff

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.git.repository import Repository

_REFS = "refs/exps/"
#: What DVC keeps below the same name that is no experiment.
_OWN = ("exec", "stash", "failed", "celery", "apply", "temp")
_MOST = 100_000  # files of one commit that are looked at


class Place(NamedTuple):
    """One experiment.

    Attributes:
        key: What tells it from all others.
        name: Its name.
        time: When it was recorded, milliseconds UTC.
        files: The names of its files.
        read: Reads one of them.
        baseline: The commit that it began from, or "".
    """

    key: str
    name: str
    time: int
    files: Mapping[str, object]
    read: Callable[[str], bytes]
    baseline: str = ""


def in_folder(root: Path) -> Iterator[Place]:
    """What lies in a folder now: DVCLive's files of the last run."""
    names: dict[str, Path] = {}
    for below in (root, root / "dvclive"):
        for pattern in ("metrics.json", "params.yaml", "plots/metrics/**/*.tsv", "artifacts/**/*"):
            found = (path for path in below.glob(pattern) if path.is_file())
            names.update((path.relative_to(root).as_posix(), path) for path in found)
    if names:
        time = int(max(path.stat().st_mtime for path in names.values()) * 1000)
        name = root.resolve().name
        yield Place(f"folder {time}", name, time, names, lambda one: names[one].read_bytes())


def in_repository(root: Path) -> Iterator[Place]:
    """The experiments that refs of the repository in a folder name."""
    from mlgit.git.discovery import exactly_at
    from mlgit.git.repository import Repository

    place = exactly_at(root)
    if place is None:
        return
    repository = Repository(place)
    for ref in repository.refs.names(_REFS):
        parts = ref.removeprefix(_REFS).split("/", 2)
        tip = repository.refs.read(ref)
        if len(parts) == 3 and parts[0] not in _OWN and tip is not None:
            yield _of_commit(repository, tip, parts[2], parts[0] + parts[1])


def _of_commit(repository: Repository, tip: Oid, name: str, baseline: str) -> Place:
    objects = repository.objects
    commit = objects.commit(tip)
    found: dict[str, Oid] = {}
    for change in diff(objects, None, commit.tree):
        if change.new is not None and change.new[0] == FILE_MODE:
            found[change.path] = change.new[1]
        if len(found) >= _MOST:
            break
    time = commit.commit_time * 1000
    return Place(tip.decode(), name, time, found, lambda one: objects.blob(found[one]), baseline)
