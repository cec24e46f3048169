"""What the gate is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.records.approval import Approval

PASS, WARN, FAIL = "pass", "warn", "fail"


class Copies(NamedTuple):
    """How well the artifacts of a version are kept.

    Attributes:
        files: How many there are.
        size: Bytes of all.
        least: On how many remotes the scarcest is, verified; those kept in git are on all.
        trouble: What is missing or has wrong bytes, a line each.
    """

    files: int
    size: int
    least: int
    trouble: tuple[str, ...] = ()


def nobody_looked(_: str) -> Copies | None:
    """Where nobody can look at the remotes."""
    return None


def nobody_knows(_: str, __: tuple[str, ...]) -> str | None:
    """Where the code's repository is not at hand."""
    return None


def nobody_signed(_: str, __: Approval) -> str:
    """Where no signature is checked."""
    return ""


class Question(NamedTuple):
    """One change of the guarded branch, and what is needed to judge it.

    Attributes:
        objects: Where all commits are read from; nothing is checked out.
        base: The tip of the branch that it would land on: the policy is its.
        head: The proposal, or what landing it makes of the branch.
        data: The tip of the data branch as far as it has landed; `base` where there is but one.
        proposal: The proposed commit, whose tree approvals name; `head` when empty.
        held: Folder of a run or logged model -> how its artifacts are kept; None: not known.
        code: A commit of the code and patterns of branches -> the branch that holds it, "" where
            none does; None: not known.
        signer: The path of an approval, and the approval -> the name in `trust.yaml` whose key
            signed it; "" where none did.
        authors: Names and addresses of who proposes; none of them counts where the gate asks for
            somebody else.
    """

    objects: Objects
    base: Oid
    head: Oid
    data: Oid
    proposal: Oid = b""
    held: Callable[[str], Copies | None] = nobody_looked
    code: Callable[[str, tuple[str, ...]], str | None] = nobody_knows
    signer: Callable[[str, Approval], str] = nobody_signed
    authors: frozenset[str] = frozenset()


class Result(NamedTuple):
    """What one rule says.

    Attributes:
        rule: Which: `metric val_acc`, `clean`, `approvals`, …
        outcome: `pass`, `warn` or `fail`.
        reason: Why, for people; it may hold names and tags as users wrote them.
        current: The value of the version now in place, where one is compared.
        candidate: That of the candidate.
        delta: The difference.
        bound: What was asked for.
    """

    rule: str
    outcome: str
    reason: str
    current: str = ""
    candidate: str = ""
    delta: str = ""
    bound: str = ""


class Decision(NamedTuple):
    """What a change decides.

    Attributes:
        kind: `alias` or `stage`; `policy` for a change of the rules, where the rest is empty.
        path: The file.
        folder: The model's folder below `registry/models/`.
        model: The model's name.
        name: The alias, or the stage that the version enters.
        number: The version that it gives it to; 0 where the alias is taken away.
        uid: Its uid.
        old_number: The version now in place; 0 where there is none.
        old_uid: Its uid.
    """

    kind: str
    path: str
    folder: str = ""
    model: str = ""
    name: str = ""
    number: int = 0
    uid: str = ""
    old_number: int = 0
    old_uid: str = ""

    @property
    def title(self) -> str:
        """`churn@production v4 -> v5`."""
        if self.kind == "policy":
            return self.path
        was = f"v{self.old_number}" if self.old_number else "nothing"
        return f"{self.model}@{self.name} {was} -> " + (
            f"v{self.number}" if self.number else "nothing"
        )


class Verdict(NamedTuple):
    """The judgement.

    Attributes:
        change: What is decided; None where it cannot be told, or nothing is.
        results: Every rule that was looked at.
        stale: It was right when it was made, and is not any more: make it again.
    """

    change: Decision | None
    results: tuple[Result, ...]
    stale: bool = False

    @property
    def passed(self) -> bool:
        """Whether it may land."""
        return not self.stale and all(one.outcome != FAIL for one in self.results)


def failed(rule: str, reason: str) -> Result:
    """A rule that is not fulfilled."""
    return Result(rule, FAIL, reason)


def passed(rule: str, reason: str) -> Result:
    """A rule that is fulfilled."""
    return Result(rule, PASS, reason)
