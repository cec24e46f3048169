"""Tables as artifacts: JSON in pandas' "split" form, or parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlgit.errors import InvalidValue

if TYPE_CHECKING:
    import pandas as pd

TABLES_TAG = "mlflow.loggedArtifacts"  # which artifacts are tables, as MLflow's pages expect


def to_frame(data: Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
    """A data frame, or columns by name (single values are one row), as a data frame.

    Raises:
        InvalidValue: It is neither, or the columns differ in length.
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if not isinstance(data, Mapping):
        raise InvalidValue(f"a table is a dictionary or a data frame, not {type(data).__name__}")
    columns: dict[str, Any] = dict(data)
    if not any(_is_column(value) for value in columns.values()):
        columns = {key: [value] for key, value in columns.items()}
    try:
        frame: pd.DataFrame = pd.DataFrame(columns)
    except ValueError as error:
        raise InvalidValue(f"not a table: {error}") from error
    return frame


def dump_table(frame: pd.DataFrame, file_name: str) -> bytes:
    """The table as the bytes of a file of that name.

    Raises:
        InvalidValue: The name ends neither in .json nor in .parquet.
    """
    if file_name.endswith(".parquet"):
        buffer = BytesIO()
        frame.to_parquet(buffer, index=False)
        return buffer.getvalue()
    _require_json(file_name)
    return frame.to_json(orient="split", index=False, date_format="iso").encode()


def load_table_bytes(data: bytes, file_name: str) -> pd.DataFrame:
    """The table in the bytes of a file of that name.

    Raises:
        InvalidValue: The name or the content is no table's.
    """
    import pandas as pd

    if file_name.endswith(".parquet"):
        return pd.read_parquet(BytesIO(data))
    _require_json(file_name)
    try:
        table = json.loads(data)
        frame: pd.DataFrame = pd.DataFrame(table["data"], columns=table["columns"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidValue(f"{file_name} holds no table: {error}") from error
    return frame


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all tables, in order."""
    import pandas as pd

    return pd.concat(frames, ignore_index=True)


def with_table(tag: str, path: str) -> str:
    """The tag's text after the table at `path` was logged."""
    listed = _listed(tag)
    return json.dumps(listed if _entry(path) in listed else [*listed, _entry(path)])


def lists_table(tag: str, path: str) -> bool:
    """Whether the tag's text names a table at `path`."""
    return _entry(path) in _listed(tag)


def _entry(path: str) -> dict[str, str]:
    return {"path": path, "type": "table"}


def _listed(tag: str) -> list[object]:
    try:
        listed = json.loads(tag or "[]")
    except ValueError:  # a tag may be set to anything
        return []
    return listed if isinstance(listed, list) else []


def _is_column(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping)


def _require_json(file_name: str) -> None:
    if not file_name.endswith(".json"):
        raise InvalidValue(
            f"a table cannot be written to {file_name!r}", hint="end the name in .json or .parquet"
        )
