"""Files that people may have written by hand, changed without losing their comments and order."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from mlgit.records import text


def rewritten(data: bytes, edit: Callable[[MutableMapping[str, Any]], None]) -> bytes:
    """The text of a mapping after `edit` has changed the mapping.

    What mlgit wrote is written as mlgit writes; of other text comments, order and quotes stay
    where that is possible.

    Raises:
        errors.Damaged: `data` cannot be read.
    """
    doc = text.load(data)
    ours = text.dump(doc) == data
    edit(doc)
    changed = None if ours else _kept(data, edit)
    if changed is not None and _reads_as(changed, doc):
        return changed
    return text.dump(doc)


def _kept(data: bytes, edit: Callable[[MutableMapping[str, Any]], None]) -> bytes | None:
    """As the other library writes it, which keeps what is beside the values."""
    from io import BytesIO

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml, out = YAML(), BytesIO()
    yaml.preserve_quotes = True
    yaml.width = text.MAX_BYTES
    try:
        doc = yaml.load(data)
        edit(doc)
        yaml.dump(doc, out)
    except (YAMLError, ValueError, TypeError, AttributeError):
        return None
    return out.getvalue()


def _reads_as(data: bytes, doc: dict[str, Any]) -> bool:
    from mlgit.errors import Damaged

    try:
        return text.dump(text.load(data)) == text.dump(doc)
    except Damaged:
        return False


def replaced(data: bytes, new: bytes) -> bytes:
    """The text of `new`, a record as mlgit writes it, with the comments and order of `data`.

    Raises:
        errors.Damaged: `data` cannot be read.
    """
    before = text.load(data)
    if text.dump(before) == data:
        return new
    wanted = text.load(new)
    return rewritten(data, lambda doc: _become(doc, wanted))


def _become(doc: MutableMapping[str, Any], wanted: dict[str, Any]) -> None:
    """Change what differs, and only that: what is left alone keeps its comments."""
    for key in [key for key in doc if key not in wanted]:
        del doc[key]
    for key, value in wanted.items():
        there = doc.get(key)
        if isinstance(there, MutableMapping) and isinstance(value, dict):
            _become(there, value)
        elif key not in doc or there != value:
            doc[key] = value
