"""Commands and groups whose help starts with what they are for, then examples, then options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlgit.cli.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_WIDTH = 80  # Help reads the same everywhere; its text is part of the documentation.


class Entry(NamedTuple):
    """One line of the command table: where the command lives and what it is for."""

    module: str
    purpose: str


class Command(click.Command):
    """A command that shows its examples before its options."""

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = inspect.cleandoc(examples)
        self.params += common_options()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Purpose, usage, examples, options."""
        write_help(self, ctx, formatter)
        self.format_options(ctx, formatter)


class Group(click.Group):
    """A group of commands defined beside it, with the same form of help."""

    command_class = Command

    def __init__(self, *args: Any, examples: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **{"no_args_is_help": False, **kwargs})
        self.examples = inspect.cleandoc(examples)
        self.params += common_options()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Purpose, usage, examples, options, commands."""
        write_help(self, ctx, formatter)
        self.format_options(ctx, formatter)


class LazyGroup(Group):
    """The whole command line: a command's module is imported only when it is run."""

    def __init__(self, *args: Any, table: Mapping[str, Mapping[str, Entry]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table
        for option in self.params:
            option.hidden = False  # type: ignore[attr-defined]
        self.entries = {name: e for section in table.values() for name, e in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All names, in the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of `cmd_name` and take the command out of it."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        from importlib import import_module
        from keyword import iskeyword

        module = import_module(f"mlgit.cli.commands.{entry.module}")
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, f"{name}_" if iskeyword(name) else name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begins with; near misses become the hint."""
        name = args[0]
        if not ctx.resilient_parsing and name not in self.entries and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, self.entries, n=2)
            meant = f" Did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"mlgit has no command '{name}'.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names out of the table, so that no command's module is imported."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.purpose)
            for name, entry in self.entries.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, one section a noun, then the options."""
        for title, section in self.table.items():
            with formatter.section(title):
                for name, entry in section.items():
                    formatter.write(f"  {name:<12} {entry.purpose}\n")
        click.Command.format_options(self, ctx, formatter)


def common_options() -> list[click.Parameter]:
    """How the program speaks; people write these before and behind the command."""
    return [
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            expose_value=False,
            callback=_hear,
            hidden=True,
            help="Colour the output; auto means on a terminal.",
        ),
        _flag("-q", "--quiet", "Leave out notes; errors are always said."),
        _flag("-v", "--verbose", "Say which store is used."),
        _flag("--debug", "--debug", "Show the traceback of a failure."),
    ]


def _flag(short: str, long: str, help_text: str) -> click.Option:
    names = list(dict.fromkeys((short, long)))
    return click.Option(
        names,
        is_flag=True,
        default=None,
        expose_value=False,
        callback=_hear,
        hidden=True,
        help=help_text,
    )


def _hear(ctx: click.Context, param: click.Parameter, value: str | bool | None) -> None:
    """Obey a common option wherever it stands; what was said before holds where it is not."""
    if value is not None and isinstance(ctx.obj, Session):
        ctx.obj.speak(str(param.name), value)
        ctx.color = ctx.obj.output.terminal.colour


def write_help(
    command: Command | Group, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Purpose and explanation, then usage, then examples."""
    formatter.width = _WIDTH
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        formatter.write_text(paragraph.replace("\n", " "))
        formatter.write_paragraph()
    command.format_usage(ctx, formatter)
    if command.examples:
        with formatter.section("Examples"):
            for line in command.examples.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def pairs(values: Sequence[str], what: str) -> dict[str, str]:
    """`KEY=VALUE` texts split at the first `=`.

    Raises:
        click.UsageError: One has no `=` or no key, or a key has two values.
    """
    split = [value.partition("=") for value in values]
    for (key, equals, _), whole in zip(split, values, strict=True):
        if not key or not equals:
            raise click.UsageError(f"{what} must be KEY=VALUE, not {whole!r}")
    found: dict[str, str] = {}
    for key, _, value in split:
        if found.setdefault(key, value) != value:
            raise click.UsageError(f"{what} has two values: {key}={found[key]} and {key}={value}")
    return found
