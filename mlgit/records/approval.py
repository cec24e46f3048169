"""One person's word on a proposal as a value: what `approvals/<proposal>/<who>.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlgit import times
from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    format_of,
    name_of,
    optional_text,
    require_writable,
    time_of,
    unknown,
    with_unknown,
)

VERDICTS = ("approve", "reject")
_KEYS = frozenset(["format", "proposal", "tree", "verdict", "comment", "at", "by"])


class Approval(NamedTuple):
    """One word on one proposal; `at` is milliseconds UTC.

    Attributes:
        proposal: The branch of the proposal.
        tree: Its tree, 40 hex digits: a later push makes the approval void.
        verdict: `approve` or `reject`.
        at: When.
        by: Who: the name in `trust.yaml` where the approval is signed, else an e-mail address.
        comment: In a person's words.
        extra: Keys that this version of mlgit does not know.
    """

    proposal: str
    tree: str
    verdict: str
    at: int
    by: str
    comment: str = ""
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def dump_approval(approval: Approval) -> bytes:
    """`approvals/<proposal>/<who>.yaml`.

    Raises:
        errors.Unsupported: The approval was read from a newer format.
    """
    require_writable(approval.format)
    doc: Doc = {
        "format": approval.format,
        "proposal": approval.proposal,
        "tree": approval.tree,
        "verdict": approval.verdict,
    }
    if approval.comment:
        doc["comment"] = approval.comment
    doc.update(at=times.iso(approval.at), by=approval.by)
    return text.dump(with_unknown(doc, approval.extra))


def load_approval(data: bytes) -> Approval:
    """The approval that a file describes.

    Raises:
        errors.Damaged: Not an approval.
    """
    doc = text.load(data)
    try:
        if doc["verdict"] not in VERDICTS:
            raise ValueError(f"verdict is one of {', '.join(VERDICTS)}")
        return Approval(
            proposal=name_of(doc["proposal"]),
            tree=name_of(doc["tree"]),
            verdict=doc["verdict"],
            at=time_of(doc["at"]),
            by=name_of(doc["by"]),
            comment=optional_text(doc, "comment"),
            extra=unknown(doc, _KEYS),
            format=format_of(doc),
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("approval", doc, error) from None
