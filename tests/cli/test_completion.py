"""What a shell offers next, asked of the real shells where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlgit.cli.completion import SHELLS, answers, script
from mlgit.cli.main import root
from tests.cli.harness import done

BASH = r"""
source mlgit.bash
COMP_LINE="$1" COMP_POINT="${#1}"
read -ra COMP_WORDS <<< "$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$2
printf '%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
autoload -U compinit; compinit -u -D
source ./mlgit.zsh
compadd() { while [[ "$1" != -- ]]; do shift; done; shift; print -l -- "$@"; }
words=(${(z)1}) CURRENT=${#words}
"$2"
"""


def offered(line: str) -> list[str]:
    return [answer.partition("\t")[0] for answer in answers(root, line)]


def test_commands_come_with_their_purpose() -> None:
    found = list(answers(root, "mlgit res"))
    assert found[0].startswith("restore\t")
    assert offered("mlgit res") == ["restore", "resolve"]


def test_options_and_choices() -> None:
    assert offered("mlgit --col") == ["--color"]
    assert offered("mlgit --color a") == ["auto", "always"]
    assert "--sort" in offered("mlgit runs --")


def test_the_words_before_mlgit_do_not_count() -> None:
    assert offered("git -C /tmp mlgit res") == ["restore", "resolve"]


@pytest.mark.usefixtures("repo")
def test_runs_experiments_and_names_come_from_the_store() -> None:
    assert offered("mlgit show ") == []
    done("init")
    run_id = done("log-run", "-e", "churn", "--name", "brisk-otter", "-m", "acc=1", "-p", "lr=1")
    assert offered("mlgit show br") == ["brisk-otter"]
    assert offered(f"mlgit compare @last {run_id[:6]}") == [run_id.strip()]
    assert offered("mlgit runs -e ") == ["churn"]
    assert offered("mlgit plot ") == ["acc"]
    assert offered("mlgit runs --sort a") == ["acc"]
    assert offered("mlgit mv @last ch") == ["churn"]


def shell(tmp_path: Path, *argv: str) -> list[str]:
    program = shutil.which(argv[0])
    if program is None:
        pytest.skip(f"{argv[0]} is not installed")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    ran = subprocess.run(
        [program, *argv[1:]], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert not ran.stderr, ran.stderr
    return ran.stdout.splitlines()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    for name in SHELLS:
        (tmp_path / SHELLS[name]).write_text(script(name))
    return tmp_path


@pytest.mark.parametrize(
    ("line", "function"), [("mlgit res", "_mlgit"), ("git mlgit res", "_git_mlgit")]
)
def test_bash_completes(scripts: Path, line: str, function: str) -> None:
    assert shell(scripts, "bash", "-c", BASH, "bash", line, function) == [
        "restore",
        "resolve",
    ]


@pytest.mark.parametrize(
    ("line", "function"), [("mlgit res", "_mlgit"), ("mlgit res", "_git-mlgit")]
)
def test_zsh_completes(scripts: Path, line: str, function: str) -> None:
    assert shell(scripts, "zsh", "-f", "-c", ZSH, "zsh", line, function) == [
        "restore",
        "resolve",
    ]


@pytest.mark.parametrize("line", ["mlgit res", "git mlgit res"])
def test_fish_completes(scripts: Path, line: str) -> None:
    program = f"source mlgit.fish; complete -C '{line}'"
    words = [each.partition("\t")[0] for each in shell(scripts, "fish", "-N", "-c", program)]
    assert sorted(words) == ["resolve", "restore"]
