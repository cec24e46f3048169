"""Dictionaries as JSON or YAML files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlgit.errors import InvalidValue

_YAML = (".yaml", ".yml")


def dump_dict(data: Any, file_name: str) -> bytes:
    """The data as YAML where the name ends so, else as JSON; arrays become lists."""
    if not file_name.endswith(_YAML):
        return json.dumps(data, indent=2, ensure_ascii=False, default=_plain).encode()
    import yaml

    text = yaml.safe_dump(_all_plain(data), sort_keys=False, allow_unicode=True)
    return text.encode()


def load_dict_bytes(data: bytes, file_name: str) -> Any:
    """The data in the bytes of a file of that name.

    Raises:
        InvalidValue: It is neither JSON nor, where the name says so, YAML.
    """
    try:
        if not file_name.endswith(_YAML):
            return json.loads(data)
        import yaml

        try:
            return yaml.safe_load(data)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
    except ValueError as error:
        raise InvalidValue(f"{file_name} holds no dictionary: {error}") from error


def _all_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_all_plain(key): _all_plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_all_plain(inner) for inner in value]
    return value if value is None or type(value) in (str, int, float, bool) else _plain(value)


def _plain(value: Any) -> Any:
    """What of an array or a number of numpy's can be written; the text of anything else."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
