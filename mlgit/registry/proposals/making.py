"""The one commit of a proposal, and the one with which it lands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import InvalidState
from mlgit.records.pointer import dump_alias, dump_stage
from mlgit.registry import aliases, catalogue, stages
from mlgit.registry.proposal_name import proposal_name

if TYPE_CHECKING:
    from mlgit.git.tree import Edit
    from mlgit.records.model_version import ModelVersion
    from mlgit.registry.sight import Sight


class Wish(NamedTuple):
    """What somebody wants to promote.

    Attributes:
        model: The model's name.
        number: The version.
        to: The alias, or the stage.
        stage: Whether `to` is a stage.
        reason: Why, in their words.
    """

    model: str
    number: int
    to: str
    stage: bool = False
    reason: str = ""

    @property
    def title(self) -> str:
        """`churn@5 to production`."""
        return f"{self.model}@{self.number} to {self.to}"


class Drafted(NamedTuple):
    """A wish as the change of one file.

    Attributes:
        branch: What the branch of the proposal is called.
        path: The file.
        edits: The change.
        version: The version that is promoted.
    """

    branch: str
    path: str
    edits: dict[str, Edit]
    version: ModelVersion


def draft(sight: Sight, wish: Wish, writer: str) -> Drafted:
    """The change that a wish comes to.

    Raises:
        NotFound, InvalidValue: There is no such version; it cannot be an alias or stage.
        InvalidState: It is there already.
    """
    model = catalogue.model(sight.data, wish.model)
    version = catalogue.version(sight.data, model.folder, wish.number)
    if wish.stage:
        after = stages.decided(sight, model, version, wish.to, wish.reason, writer)
        if after.previous == after.stage:
            raise _there(f"{wish.model}@{wish.number} is in {wish.to} already")
        path, data = stages.path_of(model, version), dump_stage(after)
        branch = proposal_name(model.folder, "stage", after.stage, version.number, version.uid)
        return Drafted(branch, path, {path: data}, version)
    before = catalogue.alias(sight.guarded, model.folder, wish.to)
    if before is not None and before.uid == version.uid and not before.contested:
        raise _there(f"{wish.model}@{wish.to} is v{wish.number} already")
    alias = aliases.decided(sight, model, wish.to, version, wish.reason, writer)
    path = aliases.path_of(model, wish.to)
    pointer = path.rpartition("/")[2].removesuffix(".yaml")
    branch = proposal_name(model.folder, "alias", pointer, version.number, version.uid)
    return Drafted(branch, path, {path: dump_alias(alias)}, version)


def _there(what: str) -> InvalidState:
    return InvalidState(what, "mlgit models")
