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
            for path, said in helps(name, root, top):
                parts += [f"### {path}\n", _block(said)]
    parts.append("# Topics\n")
    parts += [_topic(topic) for topic in topics()]
    return "\n".join(parts)


def helps(name: str, group: click.Group, parent: click.Context) -> Iterator[tuple[str, str]]:
    """(`mlgit COMMAND`, what its `--help` prints) of one command, then of those below it."""
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            if not command.commands[below].hidden:
                yield from helps(below, command, context)


def _topic(name: str) -> str:
    text = (TOPICS / f"{name}.md").read_text("utf-8")
    return text.replace("## ", "### ").replace("# ", "## ", 1)


def _block(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
