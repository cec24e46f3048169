"""Colour, width and letters follow the flag, the environment and the stream, in that order."""

from __future__ import annotations

import io

import pytest

from mlgit.cli.terminal import Terminal, detect
from tests.cli.harness import Stream

PIPE, SCREEN = False, True


def seen(*, tty: bool, choice: str = "auto", **environ: str) -> Terminal:
    return detect(Stream(io.BytesIO(), terminal=tty), choice, {"LANG": "C.UTF-8", **environ})


@pytest.mark.parametrize(
    ("tty", "choice", "environ", "colour"),
    [
        (SCREEN, "auto", {}, True),
        (PIPE, "auto", {}, False),
        (SCREEN, "never", {"FORCE_COLOR": "1"}, False),
        (PIPE, "always", {"NO_COLOR": "1"}, True),
        (SCREEN, "auto", {"NO_COLOR": "1"}, False),
        (SCREEN, "auto", {"NO_COLOR": ""}, True),
        (PIPE, "auto", {"FORCE_COLOR": "1"}, True),
        (PIPE, "auto", {"CLICOLOR_FORCE": "1"}, True),
        (PIPE, "auto", {"FORCE_COLOR": "0"}, False),
        (SCREEN, "auto", {"CLICOLOR": "0"}, False),
        (SCREEN, "auto", {"TERM": "dumb"}, False),
        (SCREEN, "auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(tty: bool, choice: str, environ: dict[str, str], colour: bool) -> None:
    assert seen(tty=tty, choice=choice, **environ).colour is colour


@pytest.mark.parametrize(
    ("environ", "unicode"),
    [
        ({}, True),
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "POSIX"}, False),
        ({"LC_ALL": "en_US.utf8"}, True),
        ({"LC_CTYPE": "de_DE.ISO-8859-1"}, False),
        ({"LC_ALL": "", "LC_CTYPE": "C"}, False),
    ],
)
def test_letters_follow_the_locale(environ: dict[str, str], unicode: bool) -> None:
    assert seen(tty=SCREEN, **environ).unicode is unicode


def test_size_comes_from_the_environment_before_the_stream() -> None:
    sized = seen(tty=SCREEN, COLUMNS="120", LINES="50")
    assert (sized.width, sized.height) == (120, 50)
    assert (seen(tty=SCREEN).width, seen(tty=SCREEN, COLUMNS="wide").width) == (80, 80)


def test_paint_does_nothing_without_colour() -> None:
    assert Terminal(colour=True).paint("x", "bold", "red") == "\x1b[1;31mx\x1b[0m"
    assert Terminal(colour=False).paint("x", "bold") == "x"
