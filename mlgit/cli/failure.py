"""From an exception to words on stderr and an exit code: one table, one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mlgit.cli.escape import visible, width
from mlgit.errors import MlgitError, StorageFailed

if TYPE_CHECKING:
    import click

    from mlgit.cli.terminal import Terminal


class Failure(NamedTuple):
    """How one class of error leaves the program."""

    code: str
    exit: int


# By class name, so that no library module is imported to say that another one failed.
FAILURES: dict[str, Failure] = {
    "UsageError": Failure("E-USAGE", 2),
    "InvalidValue": Failure("E-VALUE", 2),
    "QueryError": Failure("E-QUERY", 2),
    "NotFound": Failure("E-NOTFOUND", 3),
    "Ambiguous": Failure("E-AMBIGUOUS", 3),
    "NotARepository": Failure("E-NOTREPO", 3),
    "NoStore": Failure("E-NOSTORE", 3),
    "AlreadyExists": Failure("E-EXISTS", 4),
    "Conflict": Failure("E-CONFLICT", 4),
    "InvalidState": Failure("E-STATE", 1),
    "Guarded": Failure("E-GUARDED", 1),
    "Unsupported": Failure("E-UNSUPPORTED", 1),
    "StorageFailed": Failure("E-STORAGE", 1),
    "CommandFailed": Failure("E-COMMAND", 1),
    "RemoteFailed": Failure("E-REMOTE", 5),
    "Damaged": Failure("E-DAMAGED", 6),
    "MissingExtra": Failure("E-EXTRA", 7),
    "MlgitError": Failure("E-FAILED", 1),
}
BUG = Failure("E-BUG", 70)
INTERRUPTED = 130
BROKEN_PIPE = 141


class UsageError(MlgitError):
    """The command line cannot be understood."""


def failure_of(error: BaseException) -> Failure:
    """The row of the table for `error`: its own class, or the nearest one it derives from."""
    for kind in type(error).__mro__:
        if kind.__name__ in FAILURES:
            return FAILURES[kind.__name__]
    return BUG


def known(error: Exception) -> MlgitError | None:
    """`error` in our words where it is one that can be expected; None for a bug."""
    import click

    if isinstance(error, MlgitError):
        return error
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, OSError) and error.errno:
        where = f"{error.filename}: " if error.filename else ""
        return StorageFailed(f"{where}{error.strerror}")
    return None


def words(error: MlgitError, terminal: Terminal) -> list[str]:
    """`error: …` with what the error knows (caret, candidates), then `hint: …`."""
    sentence = str(error.facts.get("reason") or error.message) if _marked(error) else error.message
    guess = _guess(error)
    stop = "." if guess and not sentence.endswith((".", "?", "!")) else ""
    text = f"{sentence}{stop}{guess} [{failure_of(error).code}]"
    lines = list(said("error", text, terminal, "red"))
    lines += ["  " + terminal.safe(line) for line in [*_marked(error), *_listed(error)]]
    if error.hint:
        lines += said("hint", error.hint, terminal, "cyan")
    return lines


def said(label: str, text: str, terminal: Terminal, *styles: str) -> Iterator[str]:
    """`label: text`, harmless; further lines of the text are indented below the first."""
    first, *rest = text.splitlines() or [""]
    yield f"{terminal.paint(label + ':', *styles, 'bold')} {terminal.safe(first)}"
    yield from (f"  {terminal.safe(line)}" for line in rest)


def _usage(error: click.ClickException) -> UsageError:
    import click

    context = getattr(error, "ctx", None)
    path = context.command_path if context else "mlgit"
    message = error.format_message()
    if isinstance(error, click.NoSuchOption):
        near = " or ".join(sorted(error.possibilities or ())[:3])
        meant = f" Did you mean {near}?" if near else ""
        message = f"{path} has no option {error.option_name}.{meant}"
    return UsageError(message, hint=f"{path} --help")


def _marked(error: MlgitError) -> list[str]:
    """The query and a line of carets below the part that is wrong."""
    text, position = error.facts.get("text"), error.facts.get("position")
    length = error.facts.get("length", 1)
    if not isinstance(text, str) or not isinstance(position, int) or not isinstance(length, int):
        return []
    wrong = width(visible(text[position : position + length]))
    return [text, " " * width(visible(text[:position])) + "^" * max(wrong, 1)]


def _guess(error: MlgitError) -> str:
    """Near misses of a name that does not exist, unless the message says them already."""
    near = _candidates(error)
    if type(error).__name__ != "NotFound" or not near or _names(error.message, near[0]):
        return ""
    return f" Did you mean {' or '.join(near[:2])}?"


def _names(message: str, word: str) -> bool:
    import re

    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", message) is not None


def _listed(error: MlgitError) -> list[str]:
    """What an ambiguous name fits, newest five."""
    near = _candidates(error)
    if type(error).__name__ != "Ambiguous":
        return []
    more = [f"and {len(near) - 5} more"] if len(near) > 5 else []
    return near[:5] + more


def _candidates(error: MlgitError) -> list[str]:
    found = error.facts.get("candidates", ())
    return [str(item) for item in found] if isinstance(found, (list, tuple)) else []
