"""The packages this process can import: one blob that all runs of an environment share."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_DASHES = r"[-_.]+"
_FOLDER = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.]*?)-(?P<version>\d[^-]*)(?:-.*)?\.(?:dist|egg)-info"
)


@cache
def installed() -> bytes:
    """`environment.txt`: the interpreter in a comment, then `name==version`, sorted by name.

    Read off the names of the folders that installers leave, which costs a tenth of reading what
    is in them.
    """
    found: dict[str, str] = {}
    for name, version in _distributions():
        found.setdefault(name, version)  # the first on the path is the one that is imported
    lines = [f"{name}=={found[name]}\n" for name in sorted(found)]
    implementation = platform.python_implementation()
    version = ".".join(map(str, sys.version_info[:3]))
    return f"# {implementation} {version} on {sys.platform}\n{''.join(lines)}".encode()


def _distributions() -> Iterator[tuple[str, str]]:
    for place in dict.fromkeys(sys.path):
        try:
            names = sorted(path.name for path in Path(place or ".").iterdir())
        except OSError:  # not there, a zip, not readable
            continue
        for name in names:
            match = _FOLDER.fullmatch(name)
            if match:
                yield re.sub(_DASHES, "-", match["name"]).lower(), match["version"]
