"""The small files of MLflow's file store: YAML, one value a file, lines of numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Lose = Callable[[str, str], None]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def meta_of(path: Path, lose: Lose) -> dict[str, Any]:
    """The `meta.yaml` of a folder; empty where it is missing, empty or torn, which is said."""
    file = path / "meta.yaml"
    try:
        return yaml_of(file.read_bytes(), str(file), lose)
    except FileNotFoundError:
        return {}
    except OSError as error:
        lose(str(file), f"it cannot be read: {error}")
        return {}


def yaml_of(data: bytes, name: str, lose: Lose) -> dict[str, Any]:
    """The mapping of a YAML or JSON file; empty where it is none, which is said."""
    try:
        found = yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        lose(name, f"it cannot be read: {error}")
        return {}
    return found if isinstance(found, dict) else {}


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder, by the key that their path is, sorted."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        below = os.path.relpath(where, folder).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        for name in sorted(names):
            yield prefix + name, Path(where, name)


def texts_of(folder: Path, lose: Lose) -> dict[str, str]:
    """The values in a folder, one a file, by key."""
    return {key: text_of(file, lose) for key, file in files_in(folder)}


def text_of(file: Path, lose: Lose) -> str:
    """One value; bytes that are no UTF-8 are replaced, which is said."""
    try:
        data = file.read_bytes()
    except OSError as error:
        lose(str(file), f"it cannot be read: {error.strerror}")
        return ""
    try:
        return data.decode()
    except UnicodeDecodeError:
        lose(str(file), "it is no UTF-8: what could not be read is replaced")
        return data.decode(errors="replace")


def lines_of(file: Path, lose: Lose) -> list[str]:
    """The lines of a file that are not empty."""
    return [line for line in text_of(file, lose).splitlines() if line.strip()]
