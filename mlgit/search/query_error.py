"""The error of a query that cannot be read, with the place in it."""

from __future__ import annotations

from collections.abc import Iterable

from mlgit.errors import InvalidValue


class QueryError(InvalidValue):
    """A filter or an order is not in the language.

    Attributes:
        text: The whole query.
        position: Index in `text` of the first character that is wrong.
        length: How many characters are wrong; 0 at the end of the text.
        reason: What is wrong there, without the place.
    """

    def __init__(self, text: str, position: int, length: int, reason: str, hint: str = "") -> None:
        shown = text if len(text) <= 200 else text[:200] + "…"
        super().__init__(
            f"{reason}, at character {position + 1} of the query: {shown}",
            hint,
            text=text,
            position=position,
            length=length,
            reason=reason,
        )
        self.text = text
        self.position = position
        self.length = length
        self.reason = reason


def did_you_mean(word: str, known: Iterable[str], form: str = "{}") -> str:
    """`did you mean …?` with the nearest of `known`, or nothing when none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word.lower(), list(known), n=2, cutoff=0.6)
    return f"did you mean {' or '.join(form.format(name) for name in near)}?" if near else ""
