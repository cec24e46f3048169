"""A branch whose ref holds garbage: where it was, as far as the clone remembers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, InvalidState, MlgitError
from mlgit.git.files import read_file
from mlgit.git.history import is_ancestor
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid, is_oid
from mlgit.store.finding import Finding

if TYPE_CHECKING:
    from mlgit.store.store import Store

KEPT = "damaged"
"""Folder below `data` for what was moved out of git's way, and may hold something yet."""


def damaged_ref(store: Store) -> Iterator[Finding]:
    """A ref of the branch that cannot be read."""
    try:
        store.repository.refs.read(store.branch.ref)
    except Damaged as error:
        known = _last_known(store)
        fix = f"set {store.branch.name} to {known[0].decode()[:12]}, {known[1]}" if known else ""
        yield Finding("damaged-ref", "error", error.message, error.hint, dict(error.facts), fix)


def set_again(store: Store, _: Finding) -> str:
    """Give the branch the last commit it is known to have had; the garbage is kept beside it.

    Raises:
        InvalidState: Nothing is known of it, or the ref can be read by now.
        StorageFailed: The disk refused.
    """
    repository, ref = store.repository, store.branch.ref
    store.make_folders()
    with writer_lock(store.state):
        known = _last_known(store)
        if known is None or not any(damaged_ref(store)):
            raise InvalidState("nothing says where the branch was", "fetch it from another clone")
        path = repository.common_dir / ref
        aside = store.data / KEPT
        aside.mkdir(exist_ok=True)
        path.replace(aside / ref.replace("/", "-"))
        repository.refs.compare_and_swap(ref, repository.refs.read(ref), known[0], "doctor: repair")
    return f"set {store.branch.name} to {known[0].decode()[:12]}, {known[1]}"


def _last_known(store: Store) -> tuple[Oid, str] | None:
    """The newest commit that is here and that the branch had, and who says so."""
    objects = store.repository.objects
    found: tuple[Oid, str] | None = None
    for oid, source in _candidates(store):
        with suppress(MlgitError):
            objects.tree(objects.commit(oid).tree)
            if found is None or is_ancestor(objects, found[0], oid):
                found = oid, source
    return found


def _candidates(store: Store) -> Iterator[tuple[Oid, str]]:
    repository, suffix = store.repository, f"/{store.branch.name}"
    with suppress(OSError):
        lines = read_file(repository.common_dir / "logs" / store.branch.ref).splitlines()
        ids = (line.split(b" ", 2)[1] for line in reversed(lines) if line.count(b" ") > 1)
        yield from ((oid, "as its reflog says") for oid in ids if is_oid(oid))
    for name in repository.refs.names("refs/remotes/"):
        if name.endswith(suffix):
            with suppress(MlgitError):
                oid = repository.refs.read(name)
                if oid is not None:
                    yield oid, f"as {name.removeprefix('refs/remotes/')} was"
