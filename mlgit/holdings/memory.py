"""What this clone has seen whole on a remote: a memory, never a proof that it still is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import StorageFailed
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.store.store import Store

_FOLDER = "verified"  # in the cache: without it more is said to be only here


def verified(store: Store, url: str) -> set[str]:
    """Digests whose bytes this clone has sent to that URL, or read there, and found whole."""
    try:
        text = _file(store, url).read_text("ascii", "replace")
    except OSError:
        return set()
    return {line for line in text.splitlines() if len(line) == 64}


def remember(store: Store, url: str, digests: Iterable[str]) -> None:
    """Add digests that were verified at that URL just now.

    Raises:
        StorageFailed: The disk refused.
    """
    lines = "".join(f"{digest}\n" for digest in digests)
    if not lines:
        return
    store.make_folders()
    path = _file(store, url)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="ascii") as file:
            file.write(lines)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}", path=str(path)) from error


def forget(store: Store, url: str, digests: Collection[str]) -> None:
    """Drop digests that were found missing or damaged at that URL.

    Raises:
        StorageFailed: The disk refused.
    """
    left = sorted(verified(store, url).difference(digests))
    path = _file(store, url)
    temporary = path.with_name(f"{path.name}.{random_bytes(6).hex()}")
    try:
        if path.exists():
            temporary.write_text("".join(f"{digest}\n" for digest in left), "ascii")
            temporary.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}", path=str(path)) from error


def _file(store: Store, url: str) -> Path:
    return store.cache / _FOLDER / sha256(url.encode()).hexdigest()[:16]
