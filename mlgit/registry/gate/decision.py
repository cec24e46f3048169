"""What a proposal decides: read from the file before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.pointer import Alias, Stage, load_alias, load_stage
from mlgit.registry import catalogue
from mlgit.registry.gate.verdict import Decision
from mlgit.registry.proposal_name import proposal_name

if TYPE_CHECKING:
    from mlgit.git.tree import Entry, TreeChange
    from mlgit.records.layout import Located
    from mlgit.registry.gate.verdict import Question
    from mlgit.store.snapshot import Snapshot


class Move(NamedTuple):
    """A pointer before and after.

    Attributes:
        decision: What it comes to.
        old: The pointer in the base; None where there is none.
        new: The pointer as proposed; None where it is taken away.
        left: The stage that a version leaves; "" for an alias.
        proposal: What the branch of such a proposal is called.
    """

    decision: Decision
    old: Alias | Stage | None
    new: Alias | Stage | None
    left: str
    proposal: str


def move_of(
    question: Question, base: Snapshot, data: Snapshot, change: TreeChange, located: Located
) -> Move:
    """What a changed alias or stage decides.

    Raises:
        Damaged: The file before or after, or the model, cannot be read.
    """
    load = load_alias if located.kind == "alias" else load_stage
    before = base.read(change.path)
    old: Alias | Stage | None = load(before) if before else None
    new: Alias | Stage | None = load(_blob(question, change.new)) if change.new else None
    if change.new and (new is None or new.contested):
        raise Damaged(f"{change.path} is in conflict, and so decides nothing", path=change.path)
    name = _model_name(data, located.model)
    if isinstance(new, Stage) or isinstance(old, Stage) or located.kind == "stage":
        return _of_stage(base, located, change.path, name, old, new)
    return _of_alias(located, change.path, name, old, new)


def _of_alias(
    located: Located,
    path: str,
    model: str,
    old: Alias | Stage | None,
    new: Alias | Stage | None,
) -> Move:
    before = old if isinstance(old, Alias) else None
    after = new if isinstance(new, Alias) else None
    named = after or before
    if named is None or layout.folder_name(named.alias) != located.name:
        raise Damaged(f"{path} is not the file of the alias it names", path=path)
    decision = Decision(
        "alias",
        path,
        located.model,
        model,
        named.alias,
        after.version if after else 0,
        after.uid if after else "",
        before.version if before else 0,
        before.uid if before else "",
    )
    number, uid = (after.version, after.uid) if after else (0, named.uid)
    branch = proposal_name(located.model, "alias", located.name, number, uid)
    return Move(decision, before, after, "", branch)


def _of_stage(
    base: Snapshot,
    located: Located,
    path: str,
    model: str,
    old: Alias | Stage | None,
    new: Alias | Stage | None,
) -> Move:
    before = old if isinstance(old, Stage) else None
    after = new if isinstance(new, Stage) else None
    left, entered = (one.stage if one else "None" for one in (before, after))
    uid = (after or before or Stage("None", "", 0, "")).uid
    number, old_uid = located.number, _in_stage(base, located.model, entered, but=uid)
    decision = Decision("stage", path, located.model, model, entered, number, uid, old_uid=old_uid)
    branch = proposal_name(located.model, "stage", entered, number, uid)
    return Move(decision, before, after, left, branch)


def _in_stage(base: Snapshot, folder: str, stage: str, but: str) -> str:
    """The uid of the version that was put in a stage last, of those that are in it."""
    found = [
        one
        for uid, one in catalogue.stages(base, folder).items()
        if one.stage == stage and uid != but and not one.contested
    ]
    return max(found, key=lambda one: one.at).uid if found and stage != "None" else ""


def _model_name(data: Snapshot, folder: str) -> str:
    named = [one.name for one in catalogue.models(data)[0] if one.folder == folder]
    if not named:
        raise Damaged(f"there is no registered model in {folder!r}", folder=folder)
    return named[0]


def _blob(question: Question, entry: Entry) -> bytes:
    return question.objects.blob(entry.oid)
