"""The `.wandb` file of a run: records in the blocks of LevelDB's log format.

The format: <https://github.com/google/leveldb/blob/main/doc/log_format.md>, behind seven bytes that
say it is W&B's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = b":W&B"
_START = 7  # bytes before the first block's records
_BLOCK = 1 << 15
_HEAD = struct.Struct("<IHB")  # check, length, kind
_FULL, _FIRST, _MIDDLE, _LAST = range(1, 5)


def records(data: bytes) -> Iterator[bytes]:
    """The records in their order; what was torn by the end of its program is left out.

    Raises:
        ValueError: It is no such file.
    """
    if not data.startswith(_HEADER):
        raise ValueError("it does not begin as a file of W&B")
    at, whole = _START, b""
    while at + _HEAD.size <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEAD.size:
            at += left
            continue
        _, size, kind = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if not _FULL <= kind <= _LAST or at + size > len(data):
            return
        part, at = data[at : at + size], at + size
        whole = part if kind in (_FULL, _FIRST) else whole + part
        if kind in (_FULL, _LAST):
            yield whole
