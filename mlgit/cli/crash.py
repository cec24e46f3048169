"""What remains of a bug in mlgit: a Markdown file ready to paste into a report."""

from __future__ import annotations

import sys
from pathlib import Path

_REPORT = """\
# mlgit {version} stopped unexpectedly

- command: `{command} …`
- python: {python} on {platform}
- time: {time}

```
{trace}```

What were you doing when this happened?
"""


def write_report(error: BaseException, command: str, folder: Path | None) -> Path:
    """Write the report on `command` into `folder`, else into the temporary folder; its path."""
    import platform
    import tempfile
    import traceback

    from mlgit.times import iso, now_ms

    stamp = iso(now_ms())
    text = _REPORT.format(
        version=installed_version(),
        command=command_line(command),
        python=platform.python_version(),
        platform=system_name(),
        time=stamp,
        trace="".join(traceback.format_exception(type(error), error, error.__traceback__)),
    )
    name = f"mlgit-error-{stamp.replace(':', '')}.md"
    for place in filter(None, (folder, Path(tempfile.gettempdir()))):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return place / name
    return Path("(nowhere: no folder can be written)")


def system_name() -> str:
    """The operating system and its release."""
    import platform

    # Not platform.platform(), which starts `uname` to name a processor nobody asks for.
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def installed_version() -> str:
    """The version of this package."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("mlgit")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "unknown"


def command_line(command: str) -> str:
    """The command and the names of its options, without any value: one may be secret."""
    options = [word.partition("=")[0] for word in sys.argv[1:] if word.startswith("--")]
    return " ".join(["mlgit", command, *options])
