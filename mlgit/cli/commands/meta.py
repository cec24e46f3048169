"""`mlgit help`, `mlgit completion`, `mlgit version`: about the program itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from mlgit.cli.command import Command
from mlgit.cli.completion import SHELLS, script
from mlgit.cli.session import Session, near, pass_session
from mlgit.errors import NotFound

TOPICS = Path(__file__).parent.parent / "topics"


@click.command(
    cls=Command,
    examples="""
    eval "$(mlgit completion bash)"                    # in ~/.bashrc
    mlgit completion zsh > ~/.zfunc/_mlgit
    mlgit completion fish > ~/.config/fish/completions/mlgit.fish
    """,
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@pass_session
def completion(session: Session, *, shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, options, runs, experiments and metrics, also for `git mlgit`.
    """
    session.output.data(script(shell).splitlines())


@click.command(
    cls=Command,
    name="help",
    examples="""
    mlgit help filters
    mlgit help runs
    mlgit help artifact get
    mlgit help E-NOSTORE
    """,
)
@click.argument("words", nargs=-1, metavar="[TOPIC]...")
@pass_session
@click.pass_context
def help(ctx: click.Context, session: Session, *, words: tuple[str, ...]) -> None:  # noqa: A001
    """Explain a command, a topic or an error code.

    Topics: filters, gates, layout, formats, codes, checks.
    """
    root, topic = ctx.find_root(), " ".join(words)
    if not topic:
        session.output.page(root.get_help().splitlines())
    elif topic.upper().startswith("E-"):
        session.output.page(explanation(topic.upper()))
    elif topic in check_codes():
        session.output.page(explanation(topic, "checks"))
    elif topic in topics():
        session.output.page((TOPICS / f"{topic}.md").read_text("utf-8").splitlines())
    else:
        session.output.page(_command_help(root, words))


@click.command(cls=Command, examples="mlgit version")
@pass_session
def version(session: Session) -> None:
    """Print the versions that matter in a report."""
    session.output.data(f"{name:<9} {value}" for name, value in _versions())


def topics() -> list[str]:
    """The names of the topics."""
    return sorted(path.stem for path in TOPICS.glob("*.md"))


def check_codes() -> list[str]:
    """The codes of what `mlgit check` finds."""
    return re.findall(r"^## (.+)$", (TOPICS / "checks.md").read_text("utf-8"), re.MULTILINE)


def explanation(code: str, topic: str = "codes") -> list[str]:
    """What a topic says of one code: of an error, or of what `mlgit check` finds.

    Raises:
        NotFound: There is no such code.
    """
    sections = re.split(r"^## ", (TOPICS / f"{topic}.md").read_text("utf-8"), flags=re.MULTILINE)
    for section in sections[1:]:
        if section.partition("\n")[0] == code:
            return section.rstrip().splitlines()
    raise NotFound(f"there is no error code {code}.", hint="mlgit help codes")


def _command_help(context: click.Context, words: Sequence[str]) -> list[str]:
    """The help of a command, or of one below it."""
    for name in words:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            known = group.list_commands(context) if isinstance(group, click.Group) else []
            raise NotFound(
                f"there is no topic or command {name!r}.",
                "mlgit help",
                candidates=near(name, known),
            )
        context = click.Context(command, info_name=name, parent=context)
    return context.get_help().splitlines()


def _versions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import version as installed
    from platform import python_version

    from mlgit.cli.crash import installed_version, system_name
    from mlgit.process import git_program, run

    git = git_program()
    yield "mlgit", installed_version()
    yield "python", f"{python_version()} ({sys.executable})"
    yield "git", run([git, "--version"]).stdout.decode().split()[-1] if git else "not installed"
    for package in ("click", "dulwich", "PyYAML"):
        yield package.lower(), installed(package)
    yield "system", system_name()
