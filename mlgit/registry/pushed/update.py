"""What somebody asks a repository to do with its branches, and the words with which it says no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import InvalidValue
from mlgit.git.oid import is_oid

if TYPE_CHECKING:
    from mlgit.git.oid import Oid

_NOTHING = b"0" * 40


class Update(NamedTuple):
    """One ref that is to move; None where it does not exist before, or after."""

    ref: str
    old: Oid | None
    new: Oid | None


class Refusal(NamedTuple):
    """Why a ref may not move so, and what to do instead; both hold text from the push."""

    ref: str
    reason: str
    hint: str = ""


def read_updates(lines: Iterable[bytes]) -> list[Update]:
    """The updates of a push as git names them to a hook: `<old> <new> <ref>`.

    Raises:
        InvalidValue: A line says something else.
    """
    return [_update(line) for line in lines]


def _update(line: bytes) -> Update:
    old, _, rest = line.rstrip(b"\n").partition(b" ")
    new, _, ref = rest.partition(b" ")
    if not is_oid(old) or not is_oid(new) or not ref:
        raise InvalidValue(f"git names no update of a ref: {line[:200]!r}")
    return Update(ref.decode("utf-8", "surrogateescape"), _or_none(old), _or_none(new))


def _or_none(oid: bytes) -> Oid | None:
    return None if oid == _NOTHING else oid
