"""The columns of an index kept in one file beside it: read whole, trusted in nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlgit.git.sharing import inherit
from mlgit.search.columns import Column, Columns, Numbers, Texts
from mlgit.times import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORMAT = 1
# What a file that is none of ours raises when it is read.
_MALFORMED = (ValueError, TypeError, KeyError, StopIteration, RecursionError, OverflowError)


def write_columns(path: Path, token: str, columns: Columns) -> None:
    """Keep `columns`, which are those of the index state `token`; a failure is no error."""
    draft = path.with_name(f"{path.name}.{new_id()}")
    blocks = list(_blocks(columns))
    head = {
        "format": _FORMAT,
        "token": token,
        "rows": len(columns.rids),
        "columns": [_description(name, one) for name, one in columns.columns.items()],
        "sizes": [len(block) for block in blocks],
    }
    with suppress(OSError):
        for left in path.parent.glob(f"{path.name}.*"):  # of a process that was killed
            left.unlink(missing_ok=True)
        with draft.open("xb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.writelines(blocks)
        inherit(draft)
        draft.replace(path)


def _description(name: str, column: Column) -> list[str]:
    return [name, "numbers" if isinstance(column, Numbers) else "texts"]


def _blocks(columns: Columns) -> Iterator[bytes]:
    yield columns.rids.astype("<i8").tobytes()
    for column in columns.columns.values():
        if isinstance(column, Numbers):
            yield column.values.astype("<f8").tobytes()
            yield column.present.astype("u1").tobytes()
        else:
            yield column.codes.astype("<i4").tobytes()
            yield json.dumps(list(column.names)).encode()


def read_file(path: Path, token: str) -> Columns | None:
    """The columns kept for the index state `token`; None where there are none to be trusted."""
    with suppress(OSError, *_MALFORMED):
        head, _, body = path.read_bytes().partition(b"\n")
        return _read(json.loads(head), memoryview(body), token)
    return None


def _read(head: Any, body: memoryview, token: str) -> Columns | None:
    import numpy as np

    if head["format"] != _FORMAT or head["token"] != token:
        return None
    rows, sizes = int(head["rows"]), [int(size) for size in head["sizes"]]
    if min(sizes) < 0 or sum(sizes) != len(body):
        return None
    ends = list(accumulate(sizes))
    blocks = iter([body[end - size : end] for end, size in zip(ends, sizes, strict=True)])
    rids = _array(next(blocks), "<i8", rows)
    columns: dict[str, Column] = {}
    for name, kind in head["columns"]:
        if kind == "numbers":
            values = _array(next(blocks), "<f8", rows)
            columns[str(name)] = Numbers(values, _array(next(blocks), "u1", rows).astype(bool))
        else:
            columns[str(name)] = _texts(_array(next(blocks), "<i4", rows), bytes(next(blocks)))
    if next(blocks, None) is not None or np.any(np.diff(rids) <= 0):
        return None
    return Columns(rids, columns)


def _array(block: memoryview, kind: str, rows: int) -> Any:
    import numpy as np

    array = np.frombuffer(block, dtype=kind)
    if len(array) != rows:
        raise ValueError("a column has another length")
    return array


def _texts(codes: Any, names: bytes) -> Texts:
    listed = json.loads(names)
    if not isinstance(listed, list) or not all(type(name) is str for name in listed):
        raise ValueError("texts expected")
    if len(codes) and not -1 <= codes.min() <= codes.max() < len(listed):
        raise ValueError("a code is out of range")
    return Texts(codes, listed)
