"""The manual page in roff, made from the commands themselves.

`python -m mlgit.cli.manual` prints it; a test holds `docs/man/mlgit.1` equal to it, which is
installed for `man mlgit` and, by way of `git-mlgit.1`, for `git mlgit --help`.
"""

from __future__ import annotations

import sys

import click

from mlgit.cli.commands.meta import TOPICS, topics
from mlgit.cli.main import TABLE, root
from mlgit.cli.reference import helps

_NARROW = ".in 0\n.nf"  # the help is as wide as a screen of 80 columns
_HEAD = """\
.TH MLGIT 1 "" "mlgit" "mlgit manual"
.SH NAME
mlgit \\- experiment tracking as plain files on a git branch
.SH SYNOPSIS
.B mlgit
.I COMMAND
[...]
.br
.B git mlgit
.I COMMAND
[...]
.SH DESCRIPTION
"""


def manual() -> str:
    """The whole page."""
    top = click.Context(root, info_name="mlgit", **root.context_settings)
    parts = [_HEAD, _as_it_stands(root.get_help(top))]
    for title, section in TABLE.items():
        parts.append(f".SH {title.upper()}\n")
        for name in section:
            for path, said in helps(name, root, top):
                parts.append(f".SS {path}\n{_as_it_stands(said)}")
    for topic in topics():
        head, _, text = (TOPICS / f"{topic}.md").read_text("utf-8").partition("\n")
        parts.append(f'.SH "{head.removeprefix("# ").upper()}"\n{_as_it_stands(text.strip())}')
    return "".join(parts)


def _as_it_stands(text: str) -> str:
    """Text whose lines and signs roff leaves alone."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    lines = [f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped]
    return "\n".join((_NARROW, *lines, ".fi", ""))


if __name__ == "__main__":
    sys.stdout.write(manual())
