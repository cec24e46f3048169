"""Which repository is meant: a path or `mlgit:PATH`, chosen in the program or by a variable."""

from __future__ import annotations

import os
from pathlib import Path

from mlgit.errors import InvalidValue

SCHEME = "mlgit:"


def parse_uri(uri: str | Path) -> Path:
    """The folder that a tracking URI names, made absolute.

    Raises:
        InvalidValue: It names another kind of store.
    """
    text = str(uri)
    if text.startswith(SCHEME):
        text = text.removeprefix(SCHEME).removeprefix("//") or "."
    elif "://" in text or text in ("databricks", "uc"):
        raise InvalidValue(
            f"{text!r} is not a git repository on this machine",
            hint="give a path, such as mlgit:. or mlgit:/data/project",
            uri=text,
        )
    return Path(os.path.abspath(text))  # noqa: PTH100  # links are git's to resolve


def from_environment() -> Path | None:
    """The folder that a variable names; None where the current directory is meant."""
    chosen = os.environ.get("MLGIT_REPO")
    if chosen:
        return parse_uri(chosen)
    carried = os.environ.get("MLFLOW_TRACKING_URI", "")
    return parse_uri(carried) if carried.startswith(SCHEME) else None


def as_uri(place: Path) -> str:
    """The tracking URI of a folder."""
    return f"{SCHEME}{place}"
