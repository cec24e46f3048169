"""Downloads from the trusted remotes of a store, several at once; what is damaged is named."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import Damaged, MlgitError, NotFound
from mlgit.holdings.remotes import artifact_remotes, open_trusted

if TYPE_CHECKING:
    from mlgit.artifacts.cache import ObjectCache
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.artifacts.transfer.values import BadCopy, Downloaded, Progress
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.store.store import Store


class Reach(NamedTuple):
    """What can be asked from here.

    Attributes:
        remotes: Those that are trusted, opened.
        closed: Why a trusted one cannot be opened.
        untrusted: Names of those that nobody here has agreed to.
    """

    remotes: list[SharedRemote]
    closed: list[MlgitError]
    untrusted: list[str]


def reach(store: Store) -> Reach:
    """The remotes of a store; none is contacted."""
    found = Reach([], [], [])
    for one in artifact_remotes(store):
        if not one.trusted:
            found.untrusted.append(one.name)
            continue
        try:
            found.remotes.extend(open_trusted(store, [one.name]))
        except MlgitError as error:
            found.closed.append(error)
    return found


def gather(
    store: Store,
    entries: Sequence[ArtifactEntry],
    into: ObjectCache,
    progress: Progress | None = None,
) -> dict[str, MlgitError]:
    """Fetch artifacts from the trusted remotes into a cache; why one is not there, by sha256.

    A warning names each damaged copy that was met. An untrusted remote is not contacted.

    Raises:
        StorageFailed: It is not known which remotes are trusted.
    """
    near = reach(store)
    if not near.remotes:
        return {entry.sha256: _absent(entry, near) for entry in entries}
    wanted = [Wanted(entry.sha256, entry.size) for entry in entries]
    found = download(wanted, near.remotes, into, progress=progress)
    _name(found.damaged, entries)
    return _reasons(found, entries, near)


def _name(damaged: Sequence[BadCopy], entries: Sequence[ArtifactEntry]) -> None:
    paths = {entry.sha256: entry.path for entry in entries}
    for copy in damaged:
        text = f"the copy of {paths[copy.wanted.sha256]} on {copy.remote} is damaged"
        warnings.warn(f"{text}; mlgit artifact verify --remote {copy.remote} --fix", stacklevel=2)


def _reasons(
    found: Downloaded, entries: Sequence[ArtifactEntry], near: Reach
) -> dict[str, MlgitError]:
    bad = {copy.wanted.sha256 for copy in found.damaged}
    missing = {one.sha256 for one in found.missing}
    reasons: dict[str, MlgitError] = {one.wanted.sha256: one.error for one in found.failed}
    for entry in entries:
        if entry.sha256 in missing:
            spoiled = entry.sha256 in bad
            reasons[entry.sha256] = _spoiled(entry) if spoiled else _absent(entry, near)
    return reasons


def _spoiled(entry: ArtifactEntry) -> Damaged:
    return Damaged(
        f"every copy of {entry.path} (sha256 {entry.sha256[:12]}) that was found is damaged",
        "whoever still has the file can repair it: mlgit artifact verify --remote --fix",
        path=entry.path,
    )


def _absent(entry: ArtifactEntry, near: Reach) -> MlgitError:
    """Why an artifact is not to be had, with the next thing to try."""
    if near.closed and not near.untrusted:
        return near.closed[0]
    what = f"{entry.path} (sha256 {entry.sha256[:12]}) is not to be found"
    asked = ", ".join(["this clone", *(remote.name for remote in near.remotes)])
    facts = {"path": entry.path, "sha256": entry.sha256, "untrusted": near.untrusted}
    if near.untrusted:
        names = ", ".join(near.untrusted)
        return NotFound(
            f"{what}; asked: {asked}; not asked, because not trusted here: {names}",
            f"mlgit remote trust {near.untrusted[0]}",
            **facts,
        )
    return NotFound(
        f"{what}; asked: {asked}",
        "it was logged in another clone that has not shared its artifacts yet",
        **facts,
    )
