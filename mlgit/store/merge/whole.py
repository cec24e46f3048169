"""Whether a file came out of a merge whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.records.metrics import decode_points
from mlgit.records.schema import validate_file
from mlgit.records.schema_table import KINDS

if TYPE_CHECKING:
    from mlgit.git.tree import Edit


class Mended(NamedTuple):
    """One path as it has to be, and what was wrong with it."""

    edit: Edit
    reason: str


def is_whole(kind: str, data: bytes) -> bool:
    """Whether a file is what the format says of its kind, and has no conflict markers."""
    if kind in KINDS:
        return not validate_file(kind, data)
    if kind == "metrics":
        try:
            decode_points(data)
        except MlgitError:
            return False
        return True
    marks = (rb"^<<<<<<< .*$", rb"^=======$", rb"^>>>>>>> .*$")
    return not all(re.search(mark, data, re.MULTILINE) for mark in marks)
