"""Text of a record and back: the YAML profile of the branch.

One key a line, stable order, block style, no anchors, tags or flow style, UTF-8, LF. What `dump`
writes means the same to YAML 1.1 and YAML 1.2 readers, and `dump(load(data)) == data` for it.
"""

from __future__ import annotations

from typing import Any

from mlgit.records.yaml_write import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, dump

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_INTEGER", "dump", "lines", "load"]


def load(data: bytes) -> dict[str, Any]:
    """The document in a file.

    Raises:
        errors.Damaged: It cannot be read.
    """
    from mlgit.records import yaml_read

    return yaml_read.load(data)


def lines(data: bytes) -> dict[tuple[str | int, ...], int]:
    """The line (from 1) of every key and list item of a document, by its path from the top.

    Raises:
        errors.Damaged: `data` cannot be read.
    """
    from mlgit.records import yaml_foreign

    return yaml_foreign.lines(data)
