"""Handing artifacts back: from git, from the local store, from a remote; always verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.landing import land
from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound
from mlgit.records.artifact_path import is_safe_path

if TYPE_CHECKING:
    from mlgit.artifacts.remote import Remote
    from mlgit.records.artifact import ArtifactEntry

    Gather = Callable[[Sequence[ArtifactEntry]], Mapping[str, MlgitError]]


@dataclass(frozen=True)
class Sources:
    """Where the bytes of one run's artifacts may be.

    Attributes:
        inline: Reads a path below the run's folder on the branch; None when it is not there.
        remotes: Asked in this order; the local store comes first.
        gather: Brings artifacts from far away into one of `remotes`; gives the reasons, by sha256,
            of those that it could not bring.
    """

    inline: Callable[[str], bytes | None]
    remotes: Sequence[Remote] = ()
    gather: Gather | None = None


def local_sources(data: Path) -> Sources:
    """Only what the local store below `data` keeps."""
    return Sources(lambda _: None, [ObjectCache(data / "objects")])


def read(entry: ArtifactEntry, sources: Sources) -> bytes:
    """The artifact's bytes, verified.

    Raises:
        NotFound: They are in none of the places.
        Damaged: Every copy that was found has other bytes than the manifest says.
        InvalidState: The artifact is an external reference.
    """
    with open_artifact(entry, sources) as file:
        return file.read()


def open_artifact(entry: ArtifactEntry, sources: Sources) -> BinaryIO:
    """The artifact as an open file, verified before it is returned; raises as `read`."""
    if entry.inline:
        return BytesIO(_inline(entry, sources))
    _require_digest(entry)
    near = gathered([entry], sources)
    for remote in near.remotes:
        if isinstance(remote, ObjectCache):
            with suppress(NotFound, Damaged):
                return remote.open(entry.sha256)
    return _copied(entry, near)


def download(entries: Iterable[ArtifactEntry], sources: Sources, target: Path) -> list[Path]:
    """Write the artifacts below the existing folder `target`, each whole or not at all.

    Raises:
        NotFound, Damaged: As `read`; files before it are there and whole.
        InvalidState: As `read`; or two paths differ by case only and the file system cannot tell.
        StorageFailed: The disk refused.
    """
    wanted = list(entries)
    hostile = next((entry.path for entry in wanted if not is_safe_path(entry.path)), None)
    if hostile is not None:
        raise Damaged(
            f"the manifest names an artifact that leaves its folder: {hostile[:100]!r}",
            "do not trust this run; see mlgit check",
            path=hostile,
        )
    landed: dict[str, Path] = {}
    sources = gathered(wanted, sources)
    for entry in wanted:
        other = landed.get(entry.path.casefold())
        if other is not None and is_same_file(other, target / entry.path):
            raise InvalidState(
                f"{entry.path} and {other.name} are one file on this file system",
                "download them one by one, into two folders",
                path=entry.path,
            )
        landed[entry.path.casefold()] = land(target, entry.path, partial(fill, entry, sources))
    return [target / entry.path for entry in wanted]


def gathered(entries: Iterable[ArtifactEntry], sources: Sources) -> Sources:
    """The sources after what is far away was brought near, all at once; it is not tried again."""
    absent = [
        entry
        for entry in entries
        if entry.sha256
        and not (entry.inline or entry.uri)
        and not any(remote.has(entry.sha256) for remote in sources.remotes)
    ]
    fetch = sources.gather
    if fetch is None or not absent:
        return sources
    known = fetch(absent)

    def again(more: Sequence[ArtifactEntry]) -> Mapping[str, MlgitError]:
        new = [entry for entry in more if entry.sha256 not in known]
        return {**known, **(fetch(new) if new else {})}

    return replace(sources, gather=again)


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two names stand for one file: the file system does not tell them apart."""
    return one != other and other.exists() and one.samefile(other)


def fill(entry: ArtifactEntry, sources: Sources, target: BinaryIO) -> None:
    """Write the artifact's bytes into the empty file `target`, verified; raises as `read`."""
    if entry.inline:
        target.write(_inline(entry, sources))
        return
    _require_digest(entry)
    failure = _from_remotes(entry, sources, target)
    if failure is not None and sources.gather is not None:
        reason = sources.gather([entry]).get(entry.sha256)
        if reason is None:
            failure = _from_remotes(entry, sources, target)
        elif isinstance(failure, NotFound):
            failure = reason
    if failure is not None:
        raise failure


def _from_remotes(entry: ArtifactEntry, sources: Sources, target: BinaryIO) -> MlgitError | None:
    """Fill `target` from the first remote that can; why none could."""
    damage: Damaged | None = None
    for remote in sources.remotes:
        failure = _try(remote, entry.sha256, target)
        if failure is None:
            return None
        if isinstance(failure, Damaged):
            damage = failure
    return damage or _missing(entry, sources)


def _try(remote: Remote, sha256: str, target: BinaryIO) -> NotFound | Damaged | None:
    try:
        remote.get(sha256, target)
    except (NotFound, Damaged) as error:
        target.seek(0)
        target.truncate()
        return error
    return None


def _copied(entry: ArtifactEntry, sources: Sources) -> BinaryIO:
    from tempfile import TemporaryFile

    file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        fill(entry, sources, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _inline(entry: ArtifactEntry, sources: Sources) -> bytes:
    data = sources.inline(entry.inline)
    if data is None:
        raise Damaged(f"{entry.inline} is named by the manifest but is not on the branch")
    if len(data) != entry.size or sha256(data).hexdigest() != entry.sha256:
        raise Damaged(f"{entry.inline} does not have the bytes the manifest says")
    return data


def _require_digest(entry: ArtifactEntry) -> None:
    if entry.uri:
        raise InvalidState(
            f"{entry.path} is a reference to {entry.uri}",
            "fetch it yourself if you trust that place; mlgit opens no address from a branch",
            uri=entry.uri,
        )
    if not entry.sha256:
        raise Damaged(f"the manifest does not say which bytes {entry.path} has", "mlgit check")


def _missing(entry: ArtifactEntry, sources: Sources) -> NotFound:
    asked = ", ".join(dict.fromkeys(remote.name for remote in sources.remotes)) or "no remote"
    return NotFound(
        f"{entry.path} (sha256 {entry.sha256[:12]}) is not to be found; asked: {asked}",
        "it was logged in another clone that has not shared its artifacts yet",
        path=entry.path,
        sha256=entry.sha256,
    )
