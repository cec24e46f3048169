"""What a plain `git push` would name without anybody else getting the bytes; no remote is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlgit.errors import InvalidState
from mlgit.git.oid import ZERO, Oid, is_oid
from mlgit.holdings.memory import verified
from mlgit.holdings.named import Named, new_since
from mlgit.holdings.unshared import declared

if TYPE_CHECKING:
    from mlgit.store.store import Store

_INBOX = b"refs/mlgit/"
_SHOWN = 5


def guard(store: Store, remote: str, lines: Iterable[bytes]) -> None:
    """Refuse a push that `mlgit push` would not have made.

    Args:
        store: The store of the repository that pushes.
        remote: The name of the git remote, or its URL.
        lines: What git gives a pre-push hook: local ref, its id, remote ref, its id there.

    Raises:
        InvalidState: It names bytes that this clone has not seen whole on a shared remote, and
            the branch does not say that one clone alone has them.
        NotFound, Damaged: What is to be pushed cannot be read.
    """
    found: dict[str, Named] = {}
    for tip, there in _store_updates(store.branch.ref.encode(), lines):
        found.update(lacking(store, tip, _known(store, remote, there)))
    if found:
        raise InvalidState(
            f"not pushed: artifacts that no shared remote is known to have\n{_listed(found)}",
            f"mlgit push{f' {remote}' if _is_name(remote) else ''}",
            lacking=sorted(found),
        )


def lacking(store: Store, tip: Oid, known: Iterable[Oid]) -> dict[str, Named]:
    """What `tip` names, beyond the commits `known`, that others may not get, by digest."""
    new = new_since(store.repository.objects, tip, list(known))
    if not new:
        return {}
    seen = set[str]().union(*(verified(store, url) for url in store.settings.remotes.values()))
    for one in declared(store.snapshot()).values():
        seen.update(one.sizes)
    return {digest: one for digest, one in new.items() if digest not in seen}


def _store_updates(ref: bytes, lines: Iterable[bytes]) -> Iterator[tuple[Oid, Oid]]:
    """(new commit, commit there before) of each ref of the store; deletions are nobody's loss."""
    for line in lines:
        words = line.split(b" ")
        if len(words) != 4 or not is_oid(words[1]) or words[1] == ZERO:
            continue
        if ref in (words[0], words[2]) or words[2].startswith(_INBOX):
            yield Oid(words[1]), Oid(words[3])


def _known(store: Store, remote: str, there: Oid) -> list[Oid]:
    """Commits that are at the remote and here, too."""
    objects = store.repository.objects
    known = [there] if is_oid(there) and there != ZERO and objects.contains(there) else []
    tracked = f"refs/remotes/{remote}/{store.branch.name}" if _is_name(remote) else ""
    found = store.repository.refs.read(tracked) if tracked else None
    return [*known, *([found] if found else [])]


def _is_name(remote: str) -> bool:
    return "/" not in remote and ":" not in remote and "\\" not in remote and remote != "."


def _listed(found: dict[str, Named]) -> str:
    """The biggest, a line each."""
    ordered = sorted(found.values(), key=lambda one: (-one.size, one.path))
    lines = [f"{one.path} of run {one.run}, {one.size:,} bytes" for one in ordered[:_SHOWN]]
    more = [f"and {len(ordered) - _SHOWN} more"] if len(ordered) > _SHOWN else []
    return "\n".join([*lines, *more])
