"""Making a store: on a branch of this repository, or in a repository of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlgit.errors import InvalidState
from mlgit.git.branch import Branch
from mlgit.git.files import replace_file
from mlgit.git.lock import writer_lock
from mlgit.git.repository import Repository
from mlgit.git.sharing import shared_mode
from mlgit.records import layout
from mlgit.records.settings import Settings, dump_settings
from mlgit.store.clone import clone, origin
from mlgit.store.locate import (
    OWN_REPOSITORY,
    REDIRECT,
    Located,
    branch_name,
    discover,
    own_repository,
)
from mlgit.store.message import message
from mlgit.store.state import private_folder
from mlgit.store.store import Store
from mlgit.store.url import repository_url

FIRST_SUBJECT = "store: created"


@dataclass(frozen=True)
class Initialised:
    """What `Store.init` found or did.

    Attributes:
        store: The store, open.
        what: `created` anew, `adopted` from a remote, or `present` before.
        ref: The remote-tracking ref it was adopted from.
        url: Where a store in a repository of its own was cloned from.
    """

    store: Store
    what: Literal["created", "adopted", "present"]
    ref: str = ""
    url: str = ""


def create(path: Path | None = None, url: str = "") -> Initialised:
    """See `Store.init`."""
    home, branch = discover(path), branch_name()
    address = repository_url(url) if url else ""
    own = own_repository(home)
    if address and own is None:
        own = _clone(home, branch, address)
    if own is None:
        return _start(Located(home, home, branch), "")
    repository = Repository.discover(own)
    found = origin(repository)
    if address and found != address:
        raise InvalidState(
            f"the store of this repository is a clone of {found}",
            f"remove {own} to use another; look first that everything in it was pushed",
            url=found,
        )
    return _start(Located(home, repository, branch), found)


def _clone(home: Repository, branch: str, url: str) -> Path:
    """The repository of its own that `home` has from now on."""
    if Branch(home, branch).tip() is not None:
        raise InvalidState(
            f"this repository has a store on its own branch {branch!r}",
            f"its runs would be left behind; push that branch to {url}, then rename it here",
        )
    state = private_folder(home.state_dir, shared_mode(home.config))
    private_folder(state / OWN_REPOSITORY.parent, shared_mode(home.config))
    if not (state / OWN_REPOSITORY).exists():
        clone(url, state / OWN_REPOSITORY, branch)
    replace_file(state / REDIRECT, f"{OWN_REPOSITORY.as_posix()}\n".encode(), durable=True)
    return state / OWN_REPOSITORY


def _start(located: Located, url: str) -> Initialised:
    """The store with its local branch, made where it is missing."""
    store = Store(located)
    store.make_folders()
    with writer_lock(store.state):
        found = store.branch.readable()
        if found is None:
            store.branch.commit(_first_files(), message(FIRST_SUBJECT))
            return Initialised(store, "created", url=url)
        if found[1] == store.branch.ref:
            return Initialised(store, "present", url=url)
        reason = f"adopted from {found[1]}"
        store.repository.refs.compare_and_swap(store.branch.ref, None, found[0], reason)
        return Initialised(store, "adopted", ref=found[1], url=url)


def _first_files() -> dict[str, bytes]:
    return {
        layout.ATTRIBUTES: layout.ATTRIBUTES_TEXT,
        layout.SETTINGS: dump_settings(Settings()),
    }
