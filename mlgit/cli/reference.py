"""The command reference in Markdown, made from the commands themselves.

`python -m mlgit.cli.reference` prints it; a test holds `docs/cli.md` equal to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from mlgit.cli.commands.meta import TOPICS, topics
from mlgit.cli.main import TABLE, root

_INTRODUCTION = """\
# Commands

Every command works as `mlgit COMMAND`, `git mlgit COMMAND` and `python -m mlgit COMMAND`, in any
folder of a repository. This page is what `mlgit COMMAND --help` prints; it is generated.
"""


def markdown() -> str:
    """The whole page."""
    top = click.Context(root, info_name="mlgit", **root.context_settings)
    parts = [_INTRODUCTION, _block(root.get_help(top))]
    for title, section in TABLE.items():
        parts.append(f"## {title}\n")
        for name in section:
            command = root.get_command(top, name)
            assert command is not None
            parts += _command(command, name, top)
    parts.append("# Topics\n")
    parts += [_topic(topic) for topic in topics()]
    return "\n".join(parts)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """One command, then the commands below it."""
    context = click.Context(command, info_name=name, parent=parent)
    yield f"### {context.command_path}\n"
    yield _block(command.get_help(context))
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            assert inner is not None
            yield from _command(inner, below, context)


def _topic(name: str) -> str:
    text = (TOPICS / f"{name}.md").read_text("utf-8")
    return text.replace("## ", "### ").replace("# ", "## ", 1)


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
