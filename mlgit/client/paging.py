"""Long results in pages: an opaque token says where the next begins."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import TypeVar

from mlgit.entities.paged import PagedList
from mlgit.errors import InvalidValue

T = TypeVar("T")

MOST = 50_000  # on one page


def offset_of(token: str | None) -> int:
    """How many results come before the page that a token asks for.

    Raises:
        InvalidValue: It is no token of ours.
    """
    if not token:
        return 0
    try:
        offset = json.loads(b64decode(token, validate=True))["offset"]
    except (ValueError, KeyError, TypeError):
        offset = None
    if type(offset) is not int or offset < 0:
        raise InvalidValue(f"{token!r:.80} does not name a page", hint="use the list's own token")
    return offset


def checked_size(max_results: int) -> int:
    """A page's size.

    Raises:
        InvalidValue: It is not within 1..50000.
    """
    if not 1 <= max_results <= MOST:
        raise InvalidValue(f"max_results must be within 1..{MOST}, not {max_results}")
    return max_results


def page(found: Sequence[T], size: int, offset: int) -> PagedList[T]:
    """The first `size` of the results from `offset` on, of which one more is known."""
    more = len(found) > size
    token = b64encode(json.dumps({"offset": offset + size}).encode()).decode() if more else None
    return PagedList(found[:size], token)
