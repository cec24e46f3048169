"""What a push is judged against: the branches as they are, and who pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.git.tree import FILE_MODE, Entry, TreeChange, diff, lookup
from mlgit.records import layout
from mlgit.records.policy import Policy, load_policy
from mlgit.records.trust import Trust, load_trust
from mlgit.registry.guarded import SUFFIX

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

T = TypeVar("T")
_FOLDERS = ("registry", "approvals")


class Ground(NamedTuple):
    """The repository before a push.

    Attributes:
        objects: Its objects, and those of the push.
        tips: Its branches by short name.
        data: The name of the data branch.
        user: Who pushes, as whoever let them in says; "" where nobody says so.
    """

    objects: Objects
    tips: Mapping[str, Oid]
    data: str
    user: str = ""

    @property
    def registry(self) -> str:
        """The name that the guarded branch has where it is not the data branch."""
        return f"{self.data}{SUFFIX}"

    @property
    def guarded(self) -> str:
        """The name of the branch that holds policy, aliases, stages and approvals."""
        return self.registry if self.registry in self.tips else self.data


def changes(objects: Objects, base: Oid | None, head: Oid) -> Iterator[TreeChange]:
    """What differs between two commits of all that the registry and its review are made of.

    Raises:
        NotFound, Damaged: A tree cannot be read.
    """
    old, new = (objects.commit(one).tree if one else None for one in (base, head))
    for path in (layout.TRUST, *_FOLDERS):
        was, now = lookup(objects, old, path), lookup(objects, new, path)
        if was == now:
            continue
        for change in diff(objects, _below(was), _below(now)):
            yield change._replace(path=f"{path}/{change.path}")
        left, right = _file(was), _file(now)
        if left != right:
            yield TreeChange(path, left, right)


def _below(entry: Entry | None) -> Oid | None:
    return None if _file(entry) or entry is None else entry.oid


def _file(entry: Entry | None) -> Entry | None:
    return entry if entry and entry.mode == FILE_MODE else None


def read(objects: Objects, commit: Oid | None, path: str, load: Callable[[bytes], T]) -> T | None:
    """What a file says at a commit; None where there is none.

    Raises:
        NotFound, Damaged, Unsupported: It cannot be read, or means nothing to this version.
    """
    entry = lookup(objects, objects.commit(commit).tree, path) if commit else None
    return load(objects.blob(entry.oid)) if entry else None


def policy(objects: Objects, commit: Oid | None) -> Policy:
    """The gates at a commit.

    Raises:
        NotFound, Damaged, Unsupported: They cannot be read.
    """
    return read(objects, commit, layout.POLICY, load_policy) or Policy()


def trust(objects: Objects, commit: Oid | None) -> Trust:
    """The signers at a commit.

    Raises:
        NotFound, Damaged, Unsupported: They cannot be read.
    """
    return read(objects, commit, layout.TRUST, load_trust) or Trust()
