"""An open store: snapshots to read, edit blocks and publications to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mlgit.errors import Conflict
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.sharing import shared_mode
from mlgit.records import layout
from mlgit.records.fields import require_writable
from mlgit.records.run import Run, dump_run
from mlgit.store.locate import Located, locate, no_store
from mlgit.store.snapshot import Snapshot
from mlgit.store.state import private_folder, writer_id
from mlgit.store.trees import Trees

if TYPE_CHECKING:  # what writing needs is imported by it: most commands only read
    from mlgit.git.oid import Oid
    from mlgit.records.settings import Settings
    from mlgit.store.change import Change
    from mlgit.store.create import Initialised
    from mlgit.store.publication import Publication

T = TypeVar("T")
_ATTEMPTS = 5  # edits lost to programs that do not take our lock, such as `git fetch`


class Store:
    """One store, open; a context manager that lets go of open files.

    Attributes:
        home: The user's repository: its HEAD and work tree are the code that runs are made with.
        repository: The repository that holds the data branch; mostly the same.
        branch: The data branch.
        state: What is kept beside the branch: `.git/mlgit` of `repository`.
        data: Below `state`: what must not be lost (journals, artifact objects, queue).
        cache: Below `state`: what may be deleted at any time.
        spools: Whether runs are kept in `data` until somebody else publishes them.
    """

    spools = False

    def __init__(self, located: Located) -> None:
        self.home, self.repository = located.home, located.repository
        self.branch = Branch(located.repository, located.branch)
        self.state = located.repository.state_dir
        self.data, self.cache = self.state / "data", self.state / "cache"
        self._trees = Trees(self.repository.objects)
        self._settings: tuple[Oid, Settings] | None = None

    @classmethod
    def open(cls, path: Path | None = None) -> Store:
        """The store of the repository around `path` (default: `MLGIT_REPO`, the current folder).

        Raises:
            NotARepository: There is no repository.
            NoStore: It has no data branch, here or on a remote; the hint says what to do.
            Damaged, Unsupported: The repository cannot be used.
        """
        store = cls(locate(path))
        store.snapshot()
        return store

    @classmethod
    def init(cls, path: Path | None = None, *, url: str = "") -> Initialised:
        """Make the store, or take the remote's; harmless where there is one already.

        Args:
            path: Inside the user's repository.
            url: Keep the store in a repository of its own, a clone of this one.

        Raises:
            NotARepository, Damaged, Unsupported: The repository cannot be used.
            InvalidValue: The URL is not of an allowed kind, or holds a password.
            InvalidState: There is a store already, in another place.
            RemoteFailed: The URL could not be reached.
        """
        from mlgit.store.create import create

        return create(path, url)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open files; the store can still be used and opens them again."""
        self.repository.close()
        self.home.close()

    @cached_property
    def writer(self) -> str:
        """The id of this clone on this machine, 12 hex digits."""
        self.make_folders()
        return writer_id(self.state, self.repository.common_dir)

    def make_folders(self) -> None:
        """Make `state`, `data` and `cache`; needed before writing there.

        They are private to the user, or open to whom the repository is open.

        Raises:
            StorageFailed: One cannot be made, or is a link.
        """
        for folder in (self.state, self.data, self.cache):
            private_folder(folder, shared_mode(self.repository.config))

    @property
    def settings(self) -> Settings:
        """The team's settings as of now.

        Raises:
            Damaged: `mlgit.yaml` cannot be read: what it forbids to record is not known then.
        """
        return self._settings_of(self.snapshot())

    def snapshot(self) -> Snapshot:
        """The store as of now.

        Raises:
            NoStore: The branch is gone.
        """
        found = self.branch.readable()
        if found is None:
            raise no_store(self.repository, self.branch.name)
        return Snapshot(self._trees, *found)

    @contextmanager
    def change(self, subject: str, trailers: Mapping[str, str] | None = None) -> Iterator[Change]:
        """An edit block: what is put and removed inside becomes one commit at its end.

        No other writer of this clone commits meanwhile. An error inside commits nothing, and
        nothing is committed where nothing changed.

        Raises:
            Conflict: Another program changed one of the paths meanwhile; nothing was written.
            Unsupported: The branch is checked out, or the store is of a newer format.
            StorageFailed: The disk refused.
        """
        from mlgit.store.message import message

        with self._block(message(subject, trailers)) as change:
            yield change

    def apply(
        self, edit: Callable[[Change], T], subject: str, trailers: Mapping[str, str] | None = None
    ) -> T:
        """`edit` inside an edit block, again on the new state where a race was lost.

        Raises:
            As `change`, and what `edit` raises.
        """
        from mlgit.store.message import message

        return self._apply(edit, message(subject, trailers))

    def edit_run(
        self,
        folder: str,
        edit: Callable[[Run], Run],
        subject: str,
        trailers: Mapping[str, str] | None = None,
    ) -> Run:
        """Change a published run; `edit` gets it as it is now and may be called again.

        Raises:
            As `change`; NotFound, Damaged: There is no such run, or it cannot be read.
        """

        def rewrite(change: Change) -> Run:
            before = change.snapshot.run(folder)
            after = edit(before)
            if after != before:
                change.put(f"{folder}/{layout.RUN}", dump_run(after))
            return after

        named = {"Mlgit-Run": self.snapshot().run(folder).id, **(trailers or {})}
        return self.apply(rewrite, subject, named)

    def publish(self, publication: Publication) -> Oid:
        """Put a run on the branch, in a commit shared with whoever publishes at the same time.

        When this returns, the commit is on disk and verified. A run that is there already is
        replaced, but keeps what people edited on the branch since.

        Raises:
            InvalidValue: The run does not fit the hard limit of `run.yaml`.
            NotFound: Its experiment was not given and is not on the branch.
            Unsupported: The branch is checked out, or the store is of a newer format.
            StorageFailed: The disk refused; call again when the cause is gone.
        """
        from mlgit.git import queue
        from mlgit.git.item import message as shared_message
        from mlgit.store.publish import prepare, put_again

        self.make_folders()
        snapshot = self.snapshot()
        require_writable(self._settings_of(snapshot).format)
        item = prepare(snapshot, publication)
        if not snapshot.names(item.folder):
            return queue.publish(self.branch, item)

        def put(change: Change) -> Change:
            put_again(change, publication.run, item)
            return change

        done = self._apply(put, shared_message([item]))
        return done.commit or done.snapshot.commit

    def publish_all(self, publications: Sequence[Publication]) -> Oid:
        """Put several runs, each of another folder, on the branch with one commit of their own.

        Raises:
            As `publish`; then none of them is there.
        """
        from mlgit.git.item import message as shared_message
        from mlgit.store.publish import prepare, put_all

        snapshot = self.snapshot()
        require_writable(self._settings_of(snapshot).format)
        items = [prepare(snapshot, publication) for publication in publications]
        runs = [publication.run for publication in publications]

        def put(change: Change) -> Change:
            put_all(change, runs, items)
            return change

        done = self._apply(put, shared_message(items))
        return done.commit or done.snapshot.commit

    def _settings_of(self, snapshot: Snapshot) -> Settings:
        if self._settings is None or self._settings[0] != snapshot.commit:
            settings = snapshot.settings()
            newest = max(settings.format, snapshot.epoch_format())
            self._settings = snapshot.commit, settings._replace(format=newest)
        return self._settings[1]

    @contextmanager
    def _block(self, text: str) -> Iterator[Change]:
        from mlgit.git import queue
        from mlgit.store.change import Change

        self.make_folders()
        with writer_lock(self.state):
            queue.drain(self.branch)
            snapshot = self.snapshot()
            require_writable(self._settings_of(snapshot).format)
            change = Change(snapshot)
            yield change
            change.commit = self._commit(change, change.message or text)

    def _apply(self, edit: Callable[[Change], T], text: str) -> T:
        for _ in range(_ATTEMPTS - 1):
            with suppress(Conflict), self._block(text) as change:
                return edit(change)
        with self._block(text) as change:
            return edit(change)

    def _commit(self, change: Change, text: str) -> Oid | None:
        edits = change.edits()
        if not edits:
            return None
        parent = change.snapshot.commit
        commit = self.branch.commit(edits, text, parent=parent)
        return None if commit == parent else commit
