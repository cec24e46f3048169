"""Datasets by name and digest: what a run was trained on, without its rows.

The digest covers every row and the column names, so it changes when the data does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.entities.values import Dataset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]

_DIGEST_LENGTH = 16
_URL_TYPES = {"s3": "s3", "gs": "gs", "abfss": "abfss", "hf": "hugging_face", "dbfs": "dbfs"}
_COLUMN_TYPES = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integer"),
    **dict.fromkeys(("int64", "uint32", "uint64"), "long"),
    **dict.fromkeys(("float16", "float32"), "float"),
    "float64": "double",
    "bool": "boolean",
    "boolean": "boolean",
    **dict.fromkeys(("str", "string", "category"), "string"),
}


def from_pandas(
    df: pd.DataFrame,
    source: object = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """A data frame as a dataset; `source` is a path or URL, the running program when None."""
    labelled = {targets, predictions}
    columns = [
        _column(df.iloc[:, place], label, required=label in labelled)
        for place, label in enumerate(df.columns)
    ]
    kind, text = _source(source)
    return Dataset(
        name=name or "dataset",
        digest=digest or _frame_digest(df),
        source_type=kind,
        source=text,
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": len(df), "num_elements": int(df.size)}),
    )


def from_numpy(
    features: Arrays,
    source: object = None,
    targets: Arrays | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> Dataset:
    """Arrays (one, or several by name) as a dataset; rows are the first axis."""
    kind, text = _source(source)
    parts = (
        {"features": features} if targets is None else {"features": features, "targets": targets}
    )
    schema = {part: _tensors(arrays) for part, arrays in parts.items()}
    return Dataset(
        name=name or "dataset",
        digest=digest or _arrays_digest(parts),
        source_type=kind,
        source=text,
        schema=json.dumps({"mlflow_tensorspec": {"targets": None, **schema}}),
        profile=json.dumps(_sizes(parts)),
    )


def _source(source: object) -> tuple[str, str]:
    if source is None:
        program = {"mlflow.source.name": sys.argv[0], "mlflow.source.type": "LOCAL"}
        return "code", json.dumps({"tags": program})
    text = str(source)
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme in ("http", "https"):
        return "http", json.dumps({"url": text})
    if scheme in ("", "file"):
        return "local", json.dumps({"uri": text if scheme else Path(text).as_posix()})
    return _URL_TYPES.get(scheme, scheme), json.dumps({"uri": text})


def _column(series: pd.Series[Any], label: object, *, required: bool) -> dict[str, object]:
    kind = _COLUMN_TYPES.get(str(series.dtype).lower(), "")
    if not kind:
        kind = "datetime" if series.dtype.kind == "M" else _object_type(series)
    spec: dict[str, object] = {"type": kind, "name": str(label)}
    return {**spec, "required": required or not bool(series.isna().any())}


def _object_type(series: pd.Series[Any]) -> str:
    kinds = {type(value) for value in series.dropna()}
    plain = {str: "string", bytes: "binary", bool: "boolean", int: "long", float: "double"}
    return plain.get(next(iter(kinds)), "any") if len(kinds) == 1 else "any"


def _frame_digest(df: pd.DataFrame) -> str:
    digest = sha256()
    for place, (label, kind) in enumerate(df.dtypes.items()):
        digest.update(f"{label}\0{kind}\0".encode())
        digest.update(_column_bytes(df.iloc[:, place]))
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _column_bytes(series: pd.Series[Any]) -> bytes:
    """One hash a row; values that cannot be hashed (lists, arrays) count as their text."""
    from pandas.util import hash_pandas_object

    try:
        hashes = hash_pandas_object(series, index=False)
    except TypeError:
        hashes = hash_pandas_object(series.map(_text), index=False)
    return hashes.to_numpy().tobytes()


def _text(value: Any) -> str:
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def _named(arrays: Arrays) -> dict[str, NDArray[Any]]:
    return dict(arrays) if isinstance(arrays, Mapping) else {"": arrays}


def _arrays_digest(parts: Mapping[str, Arrays]) -> str:
    digest = sha256()
    for part, arrays in parts.items():
        for name, array in _named(arrays).items():
            digest.update(f"{part}\0{name}\0{array.dtype}\0{array.shape}\0".encode())
            digest.update(_array_bytes(array))
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _array_bytes(array: NDArray[Any]) -> bytes:
    """The values; an array of objects holds addresses, so those are written out as text."""
    return repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()


def _tensors(arrays: Arrays) -> str:
    specs = []
    for name, array in _named(arrays).items():
        shape = [-1, *array.shape[1:]]
        spec = {"type": "tensor", "tensor-spec": {"dtype": str(array.dtype), "shape": shape}}
        specs.append({"name": name, **spec} if name else spec)
    return json.dumps(specs)


def _sizes(parts: Mapping[str, Arrays]) -> dict[str, object]:
    sizes: dict[str, object] = {}
    for part, arrays in parts.items():
        for measure in ("shape", "size", "nbytes"):
            values = {name: _measured(one, measure) for name, one in _named(arrays).items()}
            sizes[f"{part}_{measure}"] = values.get("", values)
    return sizes


def _measured(array: NDArray[np.generic], measure: str) -> object:
    value = getattr(array, measure)
    return list(value) if measure == "shape" else int(value)
