"""One way in, one way out: names of the program, exit codes, interrupted and broken streams."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mlgit.cli.main import TABLE, main, root
from mlgit.store.snapshot import Snapshot
from tests.cli.harness import done, mlgit

BIN = Path(sys.executable).parent


def shell(command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environ}
    return subprocess.run(["bash", "-c", command], cwd=cwd, env=env, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("mlgit init --help", "mlgit init"),
        ("git mlgit init -h", "git mlgit init"),
        (f"{sys.executable} -m mlgit init --help", "mlgit init"),
    ],
)
def test_the_program_has_three_names(command: str, name: str, tmp_path: Path) -> None:
    ran = shell(command, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert f"Usage: {name} [OPTIONS]" in ran.stdout


@pytest.mark.parametrize("section", TABLE)
def test_the_table_says_what_the_commands_say(section: str) -> None:
    for name, entry in TABLE[section].items():
        command = root.get_command(click.Context(root, **root.context_settings), name)
        assert command is not None
        assert command.name == name
        assert (command.help or "").strip().partition("\n")[0] == entry.purpose


def test_every_command_has_two_examples_and_help_for_every_option() -> None:
    def walk(command: click.Command) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command, **root.context_settings)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                walk(below)
        examples = getattr(command, "examples", "").splitlines()
        assert len(examples) >= (1 if command.name in {"version", "doctor"} else 2), command.name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{command.name} {parameter.name}"

    walk(root)


def examples() -> Iterator[list[str]]:
    """The words of every `mlgit …` line in a command's help, up to what the shell takes."""

    def walk(command: click.Command) -> Iterator[str]:
        yield from getattr(command, "examples", "").splitlines()
        if isinstance(command, click.Group):
            context = click.Context(command, **root.context_settings)
            for name in command.list_commands(context):
                yield from walk(command.get_command(context, name) or root)

    for line in walk(root):
        lexer = shlex.shlex(re.sub(r"\$\(.*\)", "RUN", line), posix=True, punctuation_chars="|&<>")
        lexer.whitespace_split = True
        words = list(itertools.takewhile(lambda word: not set(word) <= set("|&<>"), lexer))
        if words[0] == "mlgit":
            yield words[1:]


@pytest.mark.parametrize("words", list(examples()), ids=" ".join)
def test_every_example_is_a_command_line_that_is_understood(words: list[str]) -> None:
    context = click.Context(root, info_name="mlgit", **root.context_settings)
    command: click.Command = root
    while isinstance(command, click.Group) and words:
        below = command.get_command(context, words[0])
        if below is None:
            break
        command, words = below, words[1:]
    parser = command.make_parser(click.Context(command, parent=context))
    parser.parse_args(args=words)


def test_nothing_but_the_command_is_imported() -> None:
    program = (
        "import sys; from mlgit.cli.main import main; main(['--help'], 'mlgit');"
        "heavy = {'pandas', 'numpy', 'yaml', 'dulwich', 'fsspec', 'sqlite3'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["rnus"], 2, "no command 'rnus'. Did you mean runs? [E-USAGE]"),
        (["--colour=always"], 2, "mlgit has no option --colour"),
        (["init", "surplus"], 2, "hint: mlgit init --help"),
        (["completion", "tcsh"], 2, "'tcsh' is not one of"),
        (["help", "E-NOWHERE"], 3, "no error code E-NOWHERE"),
        (["-C", "/nowhere", "init"], 1, "/nowhere: No such file or directory [E-STORAGE]"),
        (["artifact"], 2, "Missing command"),
    ],
)
def test_a_mistake_has_a_message_and_a_code(argv: list[str], code: int, said: str) -> None:
    result = mlgit(*argv)
    assert result.code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_without_a_command_the_help_is_shown() -> None:
    result = mlgit()
    assert result.code == 0
    assert result.stdout == mlgit("--help").stdout == mlgit("help").stdout


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("argv", [["-q", "init"], ["init", "-q"], ["--color=never", "init", "-q"]])
def test_common_options_stand_before_or_behind(argv: list[str]) -> None:
    assert mlgit(*argv).screen == ""


@pytest.mark.usefixtures("repo")
def test_colour_behind_the_command() -> None:
    done("init")
    done("log-run", "--name", "one")
    assert "\x1b[1m" in done("runs", "--table", "--color=always")
    assert "\x1b" not in done("--color", "always", "runs", "--table", "--color=never")


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = mlgit("runs")
    assert result.code == 3
    assert "is not inside a git repository [E-NOTREPO]" in result.stderr
    assert "hint: git init && mlgit init" in result.stderr


@pytest.mark.usefixtures("repo")
def test_a_repository_without_a_store() -> None:
    result = mlgit("runs")
    assert result.code == 3
    assert "[E-NOSTORE]\nhint: mlgit init" in result.stderr


def test_another_directory_is_meant_by_an_option(repo: Path, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    assert mlgit("-C", str(repo), "init").code == 0
    assert (repo / ".git" / "mlgit").is_dir()


def test_quiet_says_nothing_but_errors(repo: Path) -> None:
    result = mlgit("-q", "init")
    assert (result.code, result.screen) == (0, "")
    assert (repo / ".git" / "mlgit").is_dir()
    assert mlgit("-q", "show", "nobody").stderr.startswith("error: ")


def test_a_bug_leaves_a_report_without_values(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mlgit("init").code == 0

    def broken(*_: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(Snapshot, "experiments", broken)
    monkeypatch.setattr(sys, "argv", ["mlgit", "experiments", "--secret=hunter2"])
    result = mlgit("experiments")
    assert result.code == 70
    assert "error: mlgit has a bug: ZeroDivisionError: of all things [E-BUG]" in result.stderr
    (report,) = (repo / ".git" / "mlgit" / "cache").glob("mlgit-error-*.md")
    text = report.read_text()
    assert "ZeroDivisionError: of all things" in text
    assert "- command: `mlgit experiments --secret …`" in text
    assert "hunter2" not in text
    assert "Traceback" not in result.stderr
    assert "Traceback" in mlgit("--debug", "experiments").stderr


@pytest.mark.usefixtures("repo")
def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mlgit("init").code == 0

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Snapshot, "experiments", interrupted)
    assert main(["experiments"]) == 130


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    ran = shell("mlgit help codes | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert ran.stdout.splitlines()[0] == "# codes: exit codes and error codes"
    assert ran.stderr == ""
    slow = "(mlgit help codes; echo $? >code) | (exec 0<&-; sleep 0.3); cat code"
    ran = shell(slow, tmp_path)
    assert ran.stderr == ""
    assert int(ran.stdout) in {0, 128 + signal.SIGPIPE}


def test_a_stream_that_lacks_a_letter_spells_it_out(repo: Path) -> None:
    shell("mlgit init", repo)
    strange = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"}
    ran = shell("mlgit show 'naïve 模型'", repo, **strange)
    assert ran.returncode == 3
    assert "na\\xefve \\u6a21\\u578b" in ran.stderr
