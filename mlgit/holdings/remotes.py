"""The artifact remotes of a store: names and URLs in `mlgit.yaml`, and those that may be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import (
    AlreadyExists,
    InvalidValue,
    MissingExtra,
    MlgitError,
    NotFound,
    Unsupported,
)
from mlgit.holdings.trust import is_trusted, trust
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.artifacts.remote import SharedRemote
    from mlgit.records.settings import Settings
    from mlgit.store.change import Change
    from mlgit.store.store import Store

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ArtifactRemote(NamedTuple):
    """One place that the team has agreed to keep artifact bytes at.

    Attributes:
        name: Its name in `mlgit.yaml`.
        url: Where it is.
        trusted: Whether this user lets mlgit reach that URL.
    """

    name: str
    url: str
    trusted: bool


def artifact_remotes(store: Store) -> list[ArtifactRemote]:
    """The remotes of the store, by name; none of them is contacted."""
    urls = store.settings.remotes
    return [
        ArtifactRemote(name, urls[name], is_trusted(store, urls[name])) for name in sorted(urls)
    ]


def add_remote(store: Store, name: str, url: str) -> None:
    """Name a remote for everyone who has the store, in a commit; its URL is trusted from now on.

    Raises:
        InvalidValue: The name or the URL is not of an allowed kind.
        AlreadyExists: Another URL has that name.
        As `Store.change`.
    """
    from mlgit.artifacts.remotes.url import parse_url

    if not _NAME.fullmatch(name):
        raise InvalidValue(
            f"not a name for a remote: {name[:80]!r}",
            "use letters, digits, '-' and '_', such as main",
        )
    parse_url(url)

    def put(change: Change) -> None:
        settings = change.snapshot.settings()
        if settings.remotes.get(name, url) != url:
            raise AlreadyExists(
                f"the remote {name} is {settings.remotes[name]}",
                f"mlgit remote remove {name}",
                url=settings.remotes[name],
            )
        _write(change, settings._replace(remotes={**settings.remotes, name: url}))

    store.apply(put, f"remotes: {name} = {url}")
    trust(url)


def remove_remote(store: Store, name: str) -> str:
    """Take a remote out of the settings, in a commit, and give its URL; its bytes stay there.

    Raises:
        NotFound: There is no remote of that name.
        As `Store.change`.
    """

    def drop(change: Change) -> str:
        settings = change.snapshot.settings()
        if name not in settings.remotes:
            raise _unknown(name, settings.remotes)
        left = {key: value for key, value in settings.remotes.items() if key != name}
        unknown = {k: v for k, v in settings.extra.get("remotes", {}).items() if k != name}
        extra = {**settings.extra, "remotes": unknown}
        _write(change, settings._replace(remotes=left, extra=extra))
        return settings.remotes[name]

    return store.apply(drop, f"remotes: {name} removed")


def url_of(store: Store, name: str) -> str:
    """The URL of a remote.

    Raises:
        NotFound: There is no remote of that name.
    """
    known = store.settings.remotes
    if name not in known:
        raise _unknown(name, known)
    return known[name]


def open_trusted(store: Store, names: Iterable[str] = ()) -> list[SharedRemote]:
    """The remotes of these names, opened; without names all that are trusted.

    None where the store has no remotes at all. Nothing is sent before one of them is used.

    Raises:
        NotFound: There is no remote of that name.
        Unsupported: A named one, or every one of the store, is not trusted.
        MissingExtra, InvalidValue: This installation cannot open a named one, or any.
    """
    known = {one.name: one for one in artifact_remotes(store)}
    asked = list(names)
    if asked:
        return [_opened(store, one) for one in _named(known, asked)]
    return _all_opened(store, list(known.values()))


def _named(known: Mapping[str, ArtifactRemote], names: Sequence[str]) -> list[ArtifactRemote]:
    """Those remotes, all known and trusted."""
    for name in names:
        if name not in known:
            raise _unknown(name, known)
    found = [known[name] for name in names]
    for one in found:
        if not one.trusted:
            raise untrusted(one)
    return found


def _all_opened(store: Store, known: Sequence[ArtifactRemote]) -> list[SharedRemote]:
    """The trusted ones that this installation can open: at least one, where any is known."""
    trusted = [one for one in known if one.trusted]
    if known and not trusted:
        raise untrusted(known[0])
    tried = [_tried(store, one) for one in trusted]
    opened = [one for one in tried if not isinstance(one, MlgitError)]
    for one in tried:
        if isinstance(one, MlgitError) and not opened:
            raise one
    return opened


def untrusted(one: ArtifactRemote) -> Unsupported:
    """What is said of a remote that came with the branch and that nobody here has agreed to."""
    return Unsupported(
        f"the artifact remote {one.name} ({one.url}) came with the branch and is not trusted here",
        f"mlgit remote trust {one.name}",
        remote=one.name,
        untrusted=one.url,
    )


def _tried(store: Store, one: ArtifactRemote) -> SharedRemote | MlgitError:
    try:
        return _opened(store, one)
    except (MissingExtra, InvalidValue, NotFound, Unsupported) as error:
        return error


def _opened(store: Store, one: ArtifactRemote) -> SharedRemote:
    if one.url.startswith("lfs:"):
        from mlgit.holdings.lfs import open_lfs_of

        return open_lfs_of(store, one.name, one.url)
    from mlgit.artifacts.remotes.opening import open_remote

    return open_remote(one.name, one.url, store.cache / "bundles")


def _write(change: Change, settings: Settings) -> None:
    from mlgit.records.settings import dump_settings

    change.put(layout.SETTINGS, dump_settings(settings))


def _unknown(name: str, known: Iterable[str]) -> NotFound:
    candidates = sorted(known)
    return NotFound(
        f"there is no artifact remote {name!r}", "mlgit remote list", candidates=candidates
    )
