"""The gates of promotion as values: what `registry/policy.yaml` says.

People write this file, so it is only read here; `records.hand_written` changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.records import text
from mlgit.records.fields import (
    MALFORMED,
    NOTHING,
    Doc,
    count_of,
    doc_to_texts,
    flag_of,
    format_of,
    name_of,
    require_writable,
    served,
    value_to_text,
)

if TYPE_CHECKING:
    from mlgit.records.schema import Problem

ANY_MODEL = "*"


class Bound(NamedTuple):
    """A limit: an absolute number, or a share of the value that is compared with (0.25 is 25%)."""

    value: float
    relative: bool = False

    def __str__(self) -> str:
        return f"{self.value * 100:+g}%" if self.relative else f"{self.value:g}"


class Requirement(NamedTuple):
    """What one metric must fulfil.

    `vs` is `current`, where the bounds are of the difference to the version now in place, or
    `absolute`, where they are of the value itself.
    """

    metric: str
    vs: str = "absolute"
    fail_below: Bound | None = None
    fail_above: Bound | None = None
    warn_below: Bound | None = None
    warn_above: Bound | None = None


class Approvals(NamedTuple):
    """Whose word a promotion needs.

    Attributes:
        number: How many must approve.
        who: Names or groups of `trust.yaml` that count; empty for anybody.
        not_author: Whether the author of the proposal does not count.
    """

    number: int = 0
    who: tuple[str, ...] = ()
    not_author: bool = False


class Gate(NamedTuple):
    """What a promotion must fulfil; the default asks for nothing.

    Attributes:
        sources: Aliases or stages, of which the version must have one.
        branches: Patterns of branches, of which one must hold the code's commit.
        clean: Whether the run's code must have been committed.
        require: What metrics must fulfil.
        tags: Tags that the version must have; "" is any value.
        artifacts: Whether every byte must be on remotes and be the right one.
        copies: On how many of them.
        signature: Whether inputs and outputs must fit those of the version now in place.
        allow_dataset_change: Whether the data may be other data than that of the version in place.
        approvals: Who must have approved.
    """

    sources: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    clean: bool = False
    require: tuple[Requirement, ...] = ()
    tags: Mapping[str, str] = NOTHING
    artifacts: bool = False
    copies: int = 1
    signature: bool = False
    allow_dataset_change: bool = False
    approvals: Approvals = Approvals()


_NO_GATES: Mapping[tuple[str, str], Gate] = MappingProxyType({})


class Policy(NamedTuple):
    """The gates of all models; `aliases` and `stages` map (model, name) to a gate."""

    aliases: Mapping[tuple[str, str], Gate] = _NO_GATES
    stages: Mapping[tuple[str, str], Gate] = _NO_GATES

    def of_alias(self, model: str, alias: str) -> Gate | None:
        """The gate of an alias: the model's own, else that of the model `*`, else None."""
        return self.aliases.get((model, alias)) or self.aliases.get((ANY_MODEL, alias))

    def of_stage(self, model: str, stage: str) -> Gate | None:
        """The gate of a stage, found as that of an alias; stages have no case."""
        wanted = stage.lower()
        return self.stages.get((model, wanted)) or self.stages.get((ANY_MODEL, wanted))


def load_policy(data: bytes) -> Policy:
    """The gates that `registry/policy.yaml` describes; one in conflict reads as its base.

    Unlike other records, a policy of a newer format cannot even be read: a gate whose rules are
    not understood must not be passed.

    Raises:
        errors.Damaged: Not a policy, or one with a rule that this version does not know.
        errors.Unsupported: It is of a newer format.
    """
    from mlgit.records import schema

    doc = text.load(data)
    try:
        require_writable(format_of(doc))
        _refuse_invalid(schema.validate("policy", doc))
        gates = doc.get("models", {}).items()
        return Policy(
            {
                (str(model), str(name)): _gate(gate)
                for model, kinds in gates
                for name, gate in kinds.get("aliases", {}).items()
            },
            {
                (str(model), str(name).lower()): _gate(gate)
                for model, kinds in gates
                for name, gate in kinds.get("stages", {}).items()
            },
        )
    except MALFORMED as error:
        raise schema.damage("policy", doc, error) from None


def _refuse_invalid(problems: list[Problem]) -> None:
    if problems:
        raise ValueError(str(problems[0]))


def _gate(doc: Doc) -> Gate:
    if "sides" in doc:
        doc = served(doc)
    approvals = doc.get("approvals", {})
    return Gate(
        sources=_names(doc, "from"),
        branches=_names(doc, "branches"),
        clean=flag_of(doc.get("clean", False)),
        require=tuple(_requirement(one) for one in doc.get("require", ())),
        tags=doc_to_texts(doc.get("tags", {}), {}, "tags"),
        artifacts=doc.get("artifacts") == "verified",
        copies=count_of(doc.get("copies", 1)),
        signature=doc.get("signature") == "compatible",
        allow_dataset_change=flag_of(doc.get("allow_dataset_change", False)),
        approvals=Approvals(
            count_of(approvals.get("count", 0)),
            _names(approvals, "from"),
            flag_of(approvals.get("not_author", False)),
        ),
    )


def _names(doc: Doc, key: str) -> tuple[str, ...]:
    return tuple(map(name_of, doc.get(key, ())))


def _requirement(doc: Doc) -> Requirement:
    bounds: dict[str, Any] = {
        key: _bound(doc[key])
        for key in ("fail_below", "fail_above", "warn_below", "warn_above")
        if key in doc
    }
    return Requirement(name_of(doc["metric"]), doc.get("vs", "absolute"), **bounds)


def _bound(value: Any) -> Bound:
    written = value_to_text(value)
    if written.endswith("%"):
        return Bound(float(written[:-1]) / 100, relative=True)
    return Bound(float(written))
