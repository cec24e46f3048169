"""Every error has a code, an exit code and a place in the help."""

from __future__ import annotations

import inspect
import re

import pytest

from mlgit import errors
from mlgit.cli.commands.meta import TOPICS
from mlgit.cli.failure import BUG, FAILURES, failure_of, known, words
from mlgit.cli.terminal import Terminal
from mlgit.search.query_error import QueryError

PLAIN = Terminal()


@pytest.mark.parametrize(
    "kind",
    [kind for _, kind in inspect.getmembers(errors, inspect.isclass)],
    ids=lambda kind: kind.__name__,
)
def test_every_error_of_the_library_is_in_the_table(kind: type[Exception]) -> None:
    assert kind.__name__ in FAILURES


def test_codes_are_unique_to_a_meaning() -> None:
    codes = [row.code for row in FAILURES.values()]
    assert len(set(codes)) == len(codes)
    assert all(row.exit in range(1, 8) for row in FAILURES.values())


def test_a_subclass_leaves_as_its_parent_does() -> None:
    class Closer(errors.NotFound):
        pass

    assert failure_of(Closer("x")) == FAILURES["NotFound"]
    assert failure_of(KeyError("x")) == BUG


def test_message_hint_and_code() -> None:
    error = errors.NotARepository("/tmp/x is not inside a git repository.", hint="git init")
    assert words(error, PLAIN) == [
        "error: /tmp/x is not inside a git repository. [E-NOTREPO]",
        "hint: git init",
    ]


def test_a_near_miss_is_offered() -> None:
    error = errors.NotFound("no run 'quiet-oter'.", candidates=["quiet-otter-12"])
    assert words(error, PLAIN) == [
        "error: no run 'quiet-oter'. Did you mean quiet-otter-12? [E-NOTFOUND]"
    ]


def test_candidates_of_an_ambiguous_name_are_listed() -> None:
    names = [f"run-{number}" for number in range(7)]
    error = errors.Ambiguous("'01' matches 7 runs", hint="use more letters", candidates=names)
    assert words(error, PLAIN)[1:] == [
        *(f"  run-{number}" for number in range(5)),
        "  and 2 more",
        "hint: use more letters",
    ]


def test_a_query_is_shown_with_the_place() -> None:
    error = QueryError("模型 > 0.9 && lr<1", 9, 2, "'&&' is not a word of the language", "use AND")
    assert words(error, PLAIN) == [
        "error: '&&' is not a word of the language [E-QUERY]",
        "  模型 > 0.9 && lr<1",
        "             ^^",
        "hint: use AND",
    ]


def test_hostile_text_in_an_error_is_harmless() -> None:
    error = errors.NotFound("no run '\x1b[2J\u202e'", hint="try\x07")
    assert not set("".join(words(error, PLAIN))) & set("\x1b\x07\u202e")


def test_an_error_of_the_system_is_a_storage_error() -> None:
    error = known(OSError(28, "No space left on device", "/data/x"))
    assert isinstance(error, errors.StorageFailed)
    assert error.message == "/data/x: No space left on device"
    assert known(ValueError("bug")) is None


def test_every_code_is_explained_and_nothing_else_is() -> None:
    text = (TOPICS / "codes.md").read_text("utf-8")
    explained = set(re.findall(r"^## (E-\w+)$", text, re.MULTILINE))
    assert explained == {row.code for row in FAILURES.values()} | {BUG.code}
    assert {row.exit for row in FAILURES.values()} <= set(
        map(int, re.findall(r"^ +(\d+) ", text, re.M))
    )
