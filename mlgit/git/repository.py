"""A git repository as mlgit uses it: its folders, objects, refs and settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.git import discovery
from mlgit.git.config import Config
from mlgit.git.identity import identity
from mlgit.git.objects import Objects
from mlgit.git.ownership import refuse_foreign_owner
from mlgit.git.refs import Refs
from mlgit.git.sharing import shared_mode
from mlgit.git.worktrees import checked_out_branches

if TYPE_CHECKING:
    from mlgit.git.oid import Oid


class Repository:
    """An open repository; a context manager that closes its packs.

    Attributes:
        git_dir: The folder of this work tree's own state (HEAD, index).
        common_dir: The folder that all work trees share (objects, refs).
        work_tree: The checked-out files, or None in a bare repository.
        state_dir: Where mlgit keeps what is not on the branch: `<common_dir>/mlgit`.
        objects: Its object store.
        refs: Its refs.
        config: Its configuration and the user's.
    """

    def __init__(self, place: discovery.Place) -> None:
        self.git_dir = place.git_dir
        self.common_dir = place.common_dir
        self.state_dir = place.common_dir / "mlgit"
        self.config = Config(place.git_dir, place.common_dir)
        self.work_tree = discovery.configured_work_tree(place, self.config)
        refuse_foreign_owner(self.git_dir, self.work_tree, self.config)
        discovery.refuse_unsupported(self.config, self.common_dir)
        own = os.environ.get("GIT_OBJECT_DIRECTORY") if os.environ.get("GIT_DIR") else None
        folder = Path(own) if own else self.common_dir / "objects"
        beside = discovery.quarantined_from() if own else ()
        self.objects = Objects(folder, shared_mode(self.config), self._fetch_promised, beside)
        self.refs = Refs(self)

    @classmethod
    def discover(cls, start: Path | None = None) -> Repository:
        """The repository that contains `start` (default: the current folder, or `GIT_DIR`).

        Raises:
            NotARepository: There is none.
            Unsupported: It is of a kind that cannot be written safely, or another user's.
            Damaged: Its config or a `.git` file cannot be read.
        """
        return cls(discovery.find(start))

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open files; the repository can still be used and opens them again."""
        self.objects.close()

    @property
    def is_bare(self) -> bool:
        """Whether there is no work tree."""
        return self.work_tree is None

    def identity(self) -> tuple[str, str]:
        """Name and email that commits are written under."""
        return identity(self.config)

    def config_get(self, section: str, key: str) -> str | None:
        """A value of the git configuration; a section may be `branch.main`."""
        return self.config.get(section, key)

    def _fetch_promised(self, oid: Oid) -> bool:
        from mlgit.git.promisor import fetch_promised, promisor_remote

        remote = promisor_remote(self.config)
        if remote is not None:
            fetch_promised(oid, remote, self.config, self.common_dir)
        return remote is not None

    def checked_out_branches(self) -> dict[str, Path]:
        """Full ref name of each checked-out branch and the work tree it is checked out in."""
        bare = self.config.flag("core", "bare", default=self.common_dir.name != ".git")
        place = discovery.Place(self.git_dir, self.common_dir, self.work_tree)
        return checked_out_branches(place, bare=bare)
