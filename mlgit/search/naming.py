"""A name in a query → the field it means, or an error that names the nearest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.search.expression import Field, Kind
from mlgit.search.fields import DATASET_KEYS, Vocabulary
from mlgit.search.query_error import QueryError, did_you_mean

if TYPE_CHECKING:
    from mlgit.search.lexer import Token


def read_field(text: str, token: Token, vocabulary: Vocabulary) -> Field:
    """The field named by `token` in the query `text`.

    Raises:
        QueryError: Nothing searchable has that name.
    """
    prefix, dot, key = _split(token)
    field = vocabulary.field(prefix, key) if dot else vocabulary.attribute(prefix)
    if field is not None:
        return field
    reason, hint = _missed(prefix, key, bool(dot), vocabulary)
    raise QueryError(text, token.position, token.length, reason, hint)


def _split(token: Token) -> tuple[str, str, str]:
    if token.kind == "field":
        return token.text, ".", token.key
    if token.kind == "word":
        return token.text.partition(".")
    return token.text, "", ""


def _missed(prefix: str, key: str, dotted: bool, vocabulary: Vocabulary) -> tuple[str, str]:
    known = {**vocabulary.attributes, **vocabulary.aliases}
    if not dotted:
        hint = did_you_mean(prefix, known) or _prefixed(prefix, vocabulary)
        return f"there is no attribute {prefix!r}", hint
    kind = vocabulary.prefixes.get(prefix.lower())
    if kind is None:
        hint = did_you_mean(prefix, vocabulary.prefixes, "{}." + key)
        return f"nothing is called {prefix!r}", hint or f"one of {_spelled(vocabulary)}"
    if not key:
        return f"{prefix}. is followed by no name", f"quote unusual names: {prefix}.`a b`"
    if kind is Kind.DATASET:
        return f"datasets have no {key!r}", f"one of {', '.join(DATASET_KEYS)}"
    return f"there is no attribute {key!r}", did_you_mean(key, known)


def _prefixed(name: str, vocabulary: Vocabulary) -> str:
    quoted = name if name.isidentifier() else f"`{name}`"
    forms = [prefix for prefix in ("metrics", "params", "tags") if prefix in vocabulary.prefixes]
    return f"a key needs its prefix: {' or '.join(f'{form}.{quoted}' for form in forms)}"


def _spelled(vocabulary: Vocabulary) -> str:
    shown = ("metrics", "params", "tags", "datasets", "attributes")
    return ", ".join(f"{name}." for name in shown if name in vocabulary.prefixes)
