"""Text → expression: MLflow's filter grammar with OR, NOT, parentheses and IN everywhere."""

from __future__ import annotations

from mlgit.search.expression import (
    EVERYTHING,
    And,
    Comparison,
    Expression,
    Field,
    Not,
    Or,
    Presence,
    Scalar,
)
from mlgit.search.fields import RUNS, Vocabulary
from mlgit.search.lexer import Token, tokens
from mlgit.search.naming import read_field
from mlgit.search.operand import Place, read_value
from mlgit.search.query_error import QueryError

MAX_DEPTH = 100

_COMPARATORS = {"==": "=", "<>": "!="}
_EXAMPLE = "for example: metrics.accuracy > 0.9 AND params.model = 'gbdt'"


def parse(text: str, vocabulary: Vocabulary = RUNS) -> Expression:
    """The expression that `text` writes; empty text is everything.

    Raises:
        QueryError: `text` is not in the language; it says where and why.
    """
    parser = _Parser(text, vocabulary)
    if parser.token.kind == "end":
        return EVERYTHING
    expression = parser.disjunction(0)
    if parser.token.kind != "end":
        raise parser.error("expected AND, OR or the end")
    return expression


class _Parser:
    """One pass over the tokens; each method reads what its name says and stops behind it."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self._tokens = tokens(text)
        self._index = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    def advance(self) -> Token:
        token = self.token
        self._index += token.kind != "end"
        return token

    def accept(self, *texts: str) -> str:
        """The next token's text if it is one of these keywords or marks, which it then passes."""
        token = self.token
        if token.kind in ("keyword", "punctuation", "operator") and token.text in texts:
            return self.advance().text
        return ""

    def error(self, reason: str, hint: str = "", token: Token | None = None) -> QueryError:
        token = token or self.token
        return QueryError(self.text, token.position, token.length, reason, hint)

    def disjunction(self, depth: int) -> Expression:
        parts = [self.conjunction(depth)]
        while self.accept("OR"):
            parts.append(self.conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self, depth: int) -> Expression:
        parts = [self.negation(depth)]
        while self.accept("AND"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels of parentheses and NOT")
        if self.accept("NOT"):
            return Not(self.negation(depth + 1))
        if self.accept("("):
            inside = self.disjunction(depth + 1)
            self.expect(")")
            return inside
        return self.comparison()

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            raise self.error(f"expected {mark!r}")

    def comparison(self) -> Expression:
        named = self.advance()
        if named.kind not in ("word", "field", "string", "backtick"):
            raise self.error("expected a field", _EXAMPLE, named)
        field = read_field(self.text, named, self.vocabulary)
        if self.accept("IS"):
            absent = not self.accept("NOT")
            if not self.accept("NULL"):
                raise self.error("expected NULL", f"{field} IS NOT NULL")
            return Presence(field, not absent)
        operator = self.operator(field)
        return Comparison(field, operator, self.operand(field, operator))

    def operator(self, field: Field) -> str:
        if self.token.kind == "operator":
            text = self.advance().text
            return _COMPARATORS.get(text, text)
        negated = self.accept("NOT")
        word = self.accept("LIKE", "ILIKE", "IN")
        if not word:
            reason = f"expected a comparison after {field}"
            raise self.error(reason, "one of = != < <= > >= LIKE ILIKE IN, IS NULL")
        return f"NOT {word}" if negated else word

    def operand(self, field: Field, operator: str) -> Scalar | tuple[Scalar, ...]:
        if not operator.endswith("IN"):
            return self.value(field, operator)
        self.expect("(")
        values = [self.value(field, operator)]
        while self.accept(","):
            values.append(self.value(field, operator))
        self.expect(")")
        return tuple(values)

    def value(self, field: Field, operator: str) -> Scalar:
        return read_value(Place(self.text, self.advance(), field, operator), self.vocabulary)
