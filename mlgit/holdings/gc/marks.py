"""Everything that a store names, for the question what nothing names: when in doubt, it is named.

Names are only ever added. They are read in the order in which a run moves, from its journal to the
queue to the branch, so that none is missed that moves meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NotFound, Unsupported
from mlgit.git.commits import ROOT_COMMIT
from mlgit.git.history import cut_off
from mlgit.git.oid import COMMIT, TAG, TREE
from mlgit.git.promisor import promisor_remote
from mlgit.holdings.gc.beside import Beside
from mlgit.holdings.gc.scan import Scan, run_of
from mlgit.holdings.gc.tips import Tip, tips
from mlgit.records.fields import require_writable

if TYPE_CHECKING:
    from mlgit.git.commit_info import CommitInfo
    from mlgit.git.oid import Oid
    from mlgit.holdings.gc.beside import Surroundings
    from mlgit.store.store import Store


class Marks:
    """What a store names now, and what only earlier commits name.

    Attributes:
        commits: All that were read.
    """

    def __init__(
        self, store: Store, around: Surroundings, since: float, more: Iterable[Tip] = ()
    ) -> None:
        """Read all of it; commits newer than `since`, in seconds since 1970, count as now.

        `more` are names that others have.

        Raises:
            Unsupported: The clone is shallow or partial, or the store of a newer format.
            Damaged, NotFound, StorageFailed: A name, or what it leads to, cannot be read.
        """
        refuse_incomplete(store)
        objects = store.repository.objects
        self._store, self._objects, self._since = store, objects, since
        self._beside = Beside(store, around)
        self._here: dict[str, str] = {}
        self._now = Scan(objects)
        self._past = Scan(objects, self._now)
        self._registered: frozenset[str] = frozenset()
        self._tips: set[tuple[Oid, bool]] = set()
        self.commits: set[Oid] = {ROOT_COMMIT}
        self.look_again(more)

    def look_again(self, more: Iterable[Tip] = ()) -> None:
        """Read what has been named since; nothing that was named is taken back.

        Raises:
            Damaged, NotFound, StorageFailed: As for the first time.
        """
        self._here.update(self._beside.news())
        known = (*tips(self._store.repository), *more)
        new = [one for one in known if (one.oid, one.current) not in self._tips]
        commits = list(self._entered(new))
        for tip, commit in commits:
            if tip.current:
                self._now.root(self._objects.commit(commit).tree, strict=True)
        self._walk(commit for _, commit in commits)
        self._registered = _registered(self._now, self._past)
        self._tips.update((one.oid, one.current) for one in new)

    def is_named_now(self, sha256: str) -> bool:
        """Whether a file beside the branch, or what any ref stands for, names it."""
        return sha256 in self._here or sha256 in self._now.found or sha256 in self._registered

    def is_named(self, sha256: str) -> bool:
        """Whether anything names it, also an earlier commit."""
        return self.is_named_now(sha256) or sha256 in self._past.found

    def named_by(self, sha256: str) -> str:
        """The run that once named it; "" where none did."""
        path = self._now.found.get(sha256) or self._past.found.get(sha256)
        return run_of(path) if path else ""

    def _entered(self, new: Iterable[Tip]) -> Iterator[tuple[Tip, Oid]]:
        """The commits that names stand for; other objects that they stand for are read."""
        for tip in new:
            try:
                kind, data = self._objects.read(tip.oid)
            except NotFound as error:
                if not tip.current:  # what is gone can be brought back by nobody
                    continue
                raise Damaged(
                    f"{tip.name} names {tip.oid.decode()[:12]}, which is not in this repository",
                    "git fsck; `mlgit doctor --fix` fetches what a remote still has",
                    path=tip.name,
                ) from error
            oid = tip.oid
            while kind == TAG:
                oid = data.partition(b"\n")[0].removeprefix(b"object ")
                kind, data = self._objects.read(oid)
            if kind == COMMIT:
                yield tip, oid
            elif kind == TREE:
                self._now.tree(oid)
            else:
                self._now.record(oid, tip.name)

    def _walk(self, starts: Iterable[Oid]) -> None:
        """Read the trees of commits and of all they came from: the recent ones count as now."""
        waiting = [oid for oid in starts if oid not in self.commits]
        old: list[Oid] = []
        while waiting:
            oid = waiting.pop()
            if oid in self.commits:
                continue
            self.commits.add(oid)
            commit = self._objects.commit(oid)
            waiting += commit.parents
            if commit.commit_time >= self._since:
                self._recent(commit)
            else:
                old.append(commit.tree)
        for tree in old:
            self._past.root(tree)

    def _recent(self, commit: CommitInfo) -> None:
        """What a recent commit has, and what it took away."""
        self._now.root(commit.tree)
        for parent in commit.parents:
            if parent != ROOT_COMMIT:
                self._now.root(self._objects.commit(parent).tree)


def _registered(now: Scan, past: Scan) -> frozenset[str]:
    """Digests in the manifests that versions were ever registered with, whatever came later."""
    pinned = now.pinned | past.pinned
    return frozenset[str]().union(*(past.manifests.get(one, ()) for one in pinned))


def refuse_incomplete(store: Store) -> None:
    """Refuse a clone whose history is elsewhere, and a store of a newer format.

    Raises:
        Unsupported: It is one.
    """
    repository = store.repository
    if cut_off(repository.objects):
        raise Unsupported(
            "this is a shallow clone: what its history names is not known here",
            "git fetch --unshallow",
        )
    promised = promisor_remote(repository.config)
    if promised is not None:
        raise Unsupported(
            f"this is a partial clone of {promised}: what its history names is not known here",
            "run the command in a whole clone",
            remote=promised,
        )
    require_writable(store.settings.format)
