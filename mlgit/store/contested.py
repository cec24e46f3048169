"""Values in conflict: what two clones set differently and nobody has decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.errors import Damaged, NotFound, StorageFailed
from mlgit.git.files import read_file, replace_file
from mlgit.git.oid import is_oid
from mlgit.records import layout, text
from mlgit.store.merged_paths import merged_paths

if TYPE_CHECKING:
    from pathlib import Path

    from mlgit.git.oid import Oid
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_KINDS = frozenset(
    (
        *("run", "experiment", "logged-model", "artifacts", "settings"),
        *("policy", "model", "version", "alias", "stage"),
    )
)
_ARTIFACTS = "artifacts"
_PATH = b"\n  - path: "


class Contested(NamedTuple):
    """One value in conflict.

    Attributes:
        path: The file it is in.
        keys: Where in that file; empty for the whole of it; `("artifacts", path)` for an artifact.
        base: The value before, which readers use; None where there was none.
        sides: The values that disagree, in the order of the file.
    """

    path: str
    keys: tuple[str, ...]
    base: Any
    sides: tuple[Any, ...]


def contested(store: Store) -> list[Contested]:
    """Every value in conflict, by path and place.

    Which files have one is remembered: only what has changed since the last time is read. The first
    time the merges of the history are looked at, for only they leave a value in conflict.

    Raises:
        Damaged: A tree of the branch cannot be read.
    """
    snapshot, memory = store.snapshot(), store.cache / "contested.txt"
    since, known = _remembered(memory)
    try:
        changed = _changed(snapshot, since) if since else merged_paths(snapshot)
        paths = {path for path in {*known, *changed} if contested_in(snapshot, path)}
    except (NotFound, Damaged):  # what was looked at last is not here any more
        paths = {path for path in merged_paths(snapshot) if contested_in(snapshot, path)}
    if since != snapshot.commit:
        lines = [snapshot.commit.decode("ascii"), *sorted(paths)]
        with suppress(StorageFailed):  # it is only slower the next time
            data = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
            replace_file(memory, data, durable=False)
    return [one for path in sorted(paths) for one in contested_in(snapshot, path)]


def contested_in(snapshot: Snapshot, path: str) -> list[Contested]:
    """The values in conflict in one file; none where it cannot be read."""
    located = layout.parse_path(path)
    if located is None or located.kind not in _KINDS:
        return []
    try:
        data = snapshot.read(path) or b""
        doc = text.load(data) if b"sides:" in data or _repeats(data) else {}
    except Damaged:
        return []
    return list(_found(path, doc, ()))


def _changed(snapshot: Snapshot, since: Oid) -> Iterator[str]:
    """Paths that have changed since a commit."""
    return (change.path for change in snapshot.changes_since(since) if change.new is not None)


def _repeats(data: bytes) -> bool:
    """Whether this may be a manifest with two entries of one path."""
    if data.count(_PATH) < 2:
        return False
    paths = [entry.partition(b"\n")[0] for entry in data.split(_PATH)[1:]]
    return len(set(paths)) < len(paths)


def _found(path: str, value: Any, keys: tuple[str, ...]) -> Iterator[Contested]:
    if not isinstance(value, Mapping):
        return
    sides = value.get("sides")
    if isinstance(sides, list) and len(sides) > 1:
        yield Contested(path, keys, value.get("base"), tuple(sides))
        return
    for key, below in value.items():
        yield from _found(path, below, (*keys, key))
    if not keys and path.endswith(f"/{layout.ARTIFACTS}"):
        yield from _artifacts(path, value.get(_ARTIFACTS))


def _artifacts(path: str, entries: Any) -> Iterator[Contested]:
    by_path: dict[str, list[Any]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            by_path.setdefault(str(entry.get("path")), []).append(entry)
    for name, found in by_path.items():
        if len(found) > 1:
            yield Contested(path, (_ARTIFACTS, name), None, tuple(found))


def _remembered(memory: Path) -> tuple[Oid | None, set[str]]:
    """The commit whose files were looked at last, and those that had a value in conflict."""
    try:
        lines = read_file(memory).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None, set()
    first = lines[0].encode("utf-8", "replace") if lines else b""
    return (first, set(lines[1:])) if is_oid(first) else (None, set())
