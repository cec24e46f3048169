"""The data branch: read where it is, written by one commit at a time, never checked out."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.errors import Ambiguous, Conflict, MlgitError, Unsupported
from mlgit.git.commit_pack import CommitPack, remove_leftovers, unique
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS, new_commit
from mlgit.git.edits import apply_edits
from mlgit.git.joining import note_pack
from mlgit.git.oid import COMMIT, Oid, object_id
from mlgit.git.tree import Edit, lookup

if TYPE_CHECKING:
    from mlgit.git.repository import Repository

_ATTEMPTS = 40  # lost races against other programs; other mlgit writers wait for the writer lock


class Branch:
    """One branch of a repository.

    Attributes:
        repository: Where it lives.
        name: Its short name.
        ref: Its full name.
    """

    def __init__(self, repository: Repository, name: str = "mlgit") -> None:
        self.repository = repository
        self.name = name
        self.ref = f"refs/heads/{name}"
        self._cleaned = False

    def tip(self) -> Oid | None:
        """The newest commit of the local branch; None only where there truly is none.

        Raises:
            Damaged: The ref holds something else than an object id.
            StorageFailed: The ref cannot be read.
        """
        return self.repository.refs.read(self.ref)

    def readable(self) -> tuple[Oid, str] | None:
        """Commit to read from and the ref it was found at: the local branch, else a remote's.

        Raises:
            Ambiguous: Several remotes have the branch and none is configured or called origin.
        """
        tip = self.tip()
        return (tip, self.ref) if tip else self._of_remote()

    def upstream_tip(self) -> Oid | None:
        """The newest commit that is known to have landed; None with no upstream, or several."""
        try:
            found = self._of_remote()
        except Ambiguous:
            return None
        return found[0] if found else None

    def commit(
        self,
        edits: Mapping[str, Edit],
        message: str,
        *,
        parent: Oid | None = None,
        defaults: Mapping[str, bytes] | None = None,
    ) -> Oid:
        """Put changes on the branch as one commit and return it, or the tip if nothing changes.

        Hold `writer_lock` around this call. When it returns, the commit is on disk, the ref was
        read back and every object is there. The first commit of a clone starts the local branch
        where the remote's is, else at the frozen root.

        Args:
            edits: Path to new content, see `edits.apply_edits`.
            message: Subject, blank line, body and trailers.
            parent: The commit the edits were made from; when the branch has moved on since,
                they are put on its new tip, provided none of their paths changed there.
            defaults: Path to content, written only where the branch has no such path.

        Raises:
            Conflict: A path was changed meanwhile, or every race against others was lost.
            Unsupported: The branch is checked out somewhere.
            StorageFailed: The disk refused; the branch is where it was.
        """
        self.refuse_checked_out()
        for attempt in range(_ATTEMPTS):
            done = self._try_commit(edits, defaults or {}, message, parent)
            if done is not None:
                return done
            time.sleep(os.urandom(1)[0] / 255 * min(0.002 * 2**attempt, 0.2))
        raise Conflict(
            f"the branch {self.name} kept moving while a commit was made; nothing was written",
            "run the command again",
            branch=self.name,
        )

    def _try_commit(
        self,
        edits: Mapping[str, Edit],
        defaults: Mapping[str, bytes],
        message: str,
        parent: Oid | None,
    ) -> Oid | None:
        objects = self.repository.objects
        tip = self.tip()
        base = tip or self._start()
        before = None if base == ROOT_COMMIT else objects.commit(base).tree
        if parent is not None and parent != base:
            self._refuse_changed(edits, parent, base)
        absent = {p: data for p, data in defaults.items() if lookup(objects, before, p) is None}
        tree, new = apply_edits(objects, before, {**absent, **edits})
        if before is not None and tree == before:
            return base
        if base == ROOT_COMMIT:
            new[:0] = ROOT_OBJECTS
        data = new_commit(tree, (base,), message, self.repository.config)
        subject = message.partition("\n")[0]
        return self.land(tip, new, data, subject)

    def land(
        self, tip: Oid | None, new: list[tuple[int, bytes]], data: bytes, why: str
    ) -> Oid | None:
        """Put a commit that was made elsewhere on the branch; None where that has moved on.

        What is not here yet is stored, the ref is moved, and all of it is seen to be there. Hold
        `writer_lock` around this call.

        Args:
            tip: Where the branch is.
            new: The objects (kind, data) that the commit needs.
            data: The commit.
            why: For the reflog.

        Raises:
            StorageFailed: The disk refused; the branch is where it was.
        """
        objects = self.repository.objects
        self._prepare()
        items = unique([*new, (COMMIT, data)])
        known = objects.known(items)
        pack = objects.write_guarded(item for oid, item in items.items() if oid not in known)
        commit = object_id(COMMIT, data)
        try:
            landed = self.repository.refs.compare_and_swap(self.ref, tip, commit, why)
        except BaseException:
            self._settle(pack, commit)
            raise
        if not landed:
            pack.discard()
            return None
        pack.release()
        # What was here before had no guard: a clean-up that began earlier may have taken it.
        objects.write(items[oid] for oid in known if not objects.contains(oid))
        note_pack(self.repository, pack)
        return commit

    def _prepare(self) -> None:
        """Clean up after killed writers once, and see the packs that others have written."""
        if not self._cleaned:
            remove_leftovers(self.repository.objects.directory)
            self._cleaned = True
        self.repository.objects.refresh()

    def _settle(self, pack: CommitPack, commit: Oid) -> None:
        """After a failure: remove the pack only if the ref surely does not name its commit."""
        try:
            moved = self.tip() == commit
        except MlgitError:
            moved = True
        pack.release() if moved else pack.discard()

    def _start(self) -> Oid:
        remote = self._of_remote()
        return remote[0] if remote else ROOT_COMMIT

    def _of_remote(self) -> tuple[Oid, str] | None:
        refs = self.repository.refs
        upstream = self._upstream()
        for name in [upstream, f"refs/remotes/origin/{self.name}"]:
            oid = refs.read(name) if name else None
            if name and oid:
                return oid, name
        suffix = f"/{self.name}"
        found = [name for name in refs.names("refs/remotes/") if name.endswith(suffix)]
        found = [name for name in found if name.count("/") == 3 + self.name.count("/")]
        if len(found) > 1:
            raise Ambiguous(
                f"several remotes have the branch {self.name}: {', '.join(found)}",
                f"choose one: git config branch.{self.name}.remote NAME && "
                f"git config branch.{self.name}.merge refs/heads/{self.name}",
                candidates=found,
            )
        oid = refs.read(found[0]) if found else None
        return (oid, found[0]) if oid else None

    def _upstream(self) -> str | None:
        """The remote-tracking ref that the branch is configured to follow."""
        config = self.repository.config
        remote = config.get(f"branch.{self.name}", "remote")
        merge = config.get(f"branch.{self.name}", "merge") or f"refs/heads/{self.name}"
        if not remote or remote == "." or not merge.startswith("refs/heads/"):
            return None
        return f"refs/remotes/{remote}/{merge.removeprefix('refs/heads/')}"

    def refuse_checked_out(self) -> None:
        """Raise `Unsupported` where the branch is checked out in a work tree."""
        where = self.repository.checked_out_branches().get(self.ref)
        if where is not None:
            raise Unsupported(
                f"the branch {self.name} is checked out in {where}; "
                "writing to it would make that work tree look changed",
                f"git -C {where} switch main",
                branch=self.name,
                path=str(where),
            )

    def _refuse_changed(self, edits: Mapping[str, Edit], parent: Oid, tip: Oid) -> None:
        objects = self.repository.objects
        then = None if parent == ROOT_COMMIT else objects.commit(parent).tree
        now = None if tip == ROOT_COMMIT else objects.commit(tip).tree
        for path in edits if then != now else ():
            if lookup(objects, then, path) != lookup(objects, now, path):
                raise Conflict(
                    f"{path} was changed by someone else meanwhile; nothing was written",
                    "look at the new state and repeat the change",
                    path=path,
                )
