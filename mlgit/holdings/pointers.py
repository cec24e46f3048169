"""Artifacts as Git LFS pointers: git keeps those, and its host gives the bytes it has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from mlgit.artifacts.pointer import pointer_of
from mlgit.errors import InvalidState
from mlgit.holdings.remotes import artifact_remotes, open_trusted

if TYPE_CHECKING:
    from mlgit.artifacts.fetch import Sources
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.store.store import Store

_NAME = "/"  # no file of a run's folder is called so


def as_pointers(
    store: Store, entries: Sequence[ArtifactEntry], sources: Sources
) -> tuple[list[ArtifactEntry], Sources]:
    """The pointers of artifacts, as artifacts with sources of their own.

    Those that are kept in git, which no LFS store has, stay themselves.

    Raises:
        InvalidState: The store has no LFS remote, or that one lacks some of the bytes.
        As `open_trusted` and `SharedRemote.sizes`.
    """
    large = [one for one in entries if one.sha256 and not (one.inline or one.uri)]
    _require_there(store, large)
    texts = {_NAME + one.path: pointer_of(one.sha256, one.size) for one in large}

    def inline(name: str) -> bytes | None:
        return texts[name] if name in texts else sources.inline(name)

    return [_pointer(one, texts) for one in entries], replace(sources, inline=inline)


def _pointer(entry: ArtifactEntry, texts: dict[str, bytes]) -> ArtifactEntry:
    text = texts.get(_NAME + entry.path)
    if text is None:
        return entry
    return entry._replace(
        inline=_NAME + entry.path, size=len(text), sha256=sha256(text).hexdigest()
    )


def _require_there(store: Store, entries: Sequence[ArtifactEntry]) -> None:
    names = [one.name for one in artifact_remotes(store) if one.url.startswith("lfs:")]
    if not names:
        raise InvalidState(
            "no artifact remote of this store is the LFS store of a git host",
            "mlgit remote add main lfs:origin",
        )
    wanted = {one.sha256 for one in entries}
    there = {one for remote in open_trusted(store, names) for one in remote.sizes(wanted)}
    lacking = [one.path for one in entries if one.sha256 not in there]
    if lacking:
        raise InvalidState(
            f"{lacking[0]} is not in {' or '.join(names)}: nobody could follow a pointer to it",
            "mlgit push",
            lacking=lacking,
        )
