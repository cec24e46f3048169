"""One git config file as a list of settings.

dulwich reads the whole grammar. It also loads logging, which costs a short command more than its
work; so a file of plain lines, as `git config` and `git clone` write them, is read here, and any
other goes to dulwich.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import Damaged
from mlgit.git.files import storage_failed

_INCLUDES = ("include", "includeif")
_UNPLAIN = '"\\#;'  # quotes, escapes and comments behind a value


class Setting(NamedTuple):
    """`section.subsection.key = value`; section and key in lower case."""

    section: str
    subsection: str
    key: str
    value: str


def read(path: Path) -> list[Setting]:
    """The settings of a file and of those it includes, in their order; none where it is absent.

    Raises:
        StorageFailed: It cannot be read.
        Damaged: It cannot be parsed.
    """
    try:
        if not path.is_file():
            return []
        found = plain(path.read_bytes())
        return _by_dulwich(path) if found is None else found
    except OSError as error:
        raise storage_failed(error, path, "read") from error
    except (ValueError, RecursionError):
        # Not chained, and without the parser's words: they may quote another file's content.
        raise Damaged(
            f"cannot parse the git config {path} (or a file it includes)",
            "run `git config --list` to see where",
            path=os.fspath(path),
            reason="not a git config file",
        ) from None


def plain(data: bytes) -> list[Setting] | None:
    """The settings of a file of plain lines; None where any line needs the whole grammar."""
    section: tuple[str, str] | None = None
    found: list[Setting] = []
    for line in data.decode("utf-8", "replace").split("\n"):
        line = line.strip(" \t\r")
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = _section(line)
        elif setting := _setting(section, line):
            found.append(setting)
            continue
        if section is None or line[0] != "[":
            return None
    return found


def _section(line: str) -> tuple[str, str] | None:
    """Section and subsection of `[remote "origin"]`."""
    if line[-1] != "]":
        return None
    name, quoted, below = line[1:-1].partition(' "')
    if quoted and (not below.endswith('"') or any(sign in below[:-1] for sign in '"\\')):
        return None
    name = name.lower()
    return (name, below[:-1]) if _is_word(name) and name not in _INCLUDES else None


def _setting(section: tuple[str, str] | None, line: str) -> Setting | None:
    key, sign, value = line.partition("=")
    key = key.rstrip(" \t").lower()
    if section is None or not sign or not _is_word(key) or any(c in value for c in _UNPLAIN):
        return None
    return Setting(*section, key, value.strip(" \t"))


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum()


def _by_dulwich(path: Path) -> list[Setting]:
    from dulwich.config import ConfigFile

    file = ConfigFile.from_path(os.fspath(path))
    return [
        Setting(_text(name[0]).lower(), _text(b"".join(name[1:])), _text(key).lower(), _text(value))
        for name in file.sections()
        for key, value in file.items(name)
    ]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
