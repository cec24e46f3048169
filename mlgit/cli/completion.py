"""What a shell offers next: read a line up to the cursor, print values a line each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

SHELLS = {"bash": "mlgit.bash", "zsh": "mlgit.zsh", "fish": "mlgit.fish"}
_KINDS = {"file": ":files", "dir": ":folders"}


def script(shell: str) -> str:
    """The completion script of a shell, to be sourced."""
    return (Path(__file__).parent / "shells" / SHELLS[shell]).read_text("utf-8")


def answers(root: click.Command, line: str) -> Iterator[str]:
    """The values that may follow in `line`, each with its help after a tab; or `:files`."""
    arguments, incomplete = _split(line)
    shell = ShellComplete(root, {}, "mlgit", "_MLGIT_LINE")
    seen: set[str] = set()
    for item in shell.get_completions(arguments, incomplete):
        written = _written(item)
        if written not in seen:
            seen.add(written)
            yield written


def _split(line: str) -> tuple[list[str], str]:
    """The finished words behind `mlgit`, and the word under the cursor."""
    words = split_arg_string(line)
    program = words.index("mlgit") if "mlgit" in words else 0  # also `git mlgit`
    words = words[program + 1 :]
    if not words or (line[-1:].isspace() and not line.endswith("\\ ")):
        return words, ""
    return words[:-1], words[-1]


def _written(item: CompletionItem) -> str:
    if item.type in _KINDS:
        return _KINDS[item.type]
    help_text = " ".join((item.help or "").split())
    return f"{item.value}\t{help_text}" if help_text else str(item.value)
