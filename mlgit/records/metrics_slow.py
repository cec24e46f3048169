"""CSV segments with quoted cells or further columns, and the line of a damaged row."""

from __future__ import annotations

import csv
import re
from io import StringIO

from mlgit.records.metrics import HEADER, WIDE_HEADER, Point, damaged

_whole = re.compile(r"-?[0-9]{1,18}").fullmatch
_real = re.compile(r"[-+0-9.e]+|-?inf|nan").fullmatch
_NUL = "\ud800"  # in its place, for Python 3.10's reader refuses it; no UTF-8 decodes to this
_COLUMNS = WIDE_HEADER.split(",")


def decode(header: str, body: str) -> list[Point]:
    """The points below a header; columns that this version does not know are passed over.

    Raises:
        errors.Damaged: A row or the header is not what it should be; fact `line`.
    """
    names = header.split(",")
    if names[:4] != HEADER.split(","):
        raise damaged(1, f"the header is not {HEADER}")
    order = [names.index(name) if name in names else -1 for name in _COLUMNS]
    reader = csv.reader(StringIO(body.replace("\0", _NUL), newline="\n"), strict=True)
    points: list[Point] = []
    line = 2
    try:
        for row in reader:
            points.append(_point(row, len(names), order, line))
            line = reader.line_num + 2
    except csv.Error as error:
        raise damaged(line, str(error)) from None
    return points


def _point(row: list[str], width: int, order: list[int], line: int) -> Point:
    if len(row) != width:
        raise damaged(line, f"{width} cells expected, not {len(row)}")
    cells = (row[i].replace(_NUL, "\0") if i >= 0 else "" for i in order)
    step, timestamp, key, value, *rest = cells
    if not (_whole(step) and _whole(timestamp)):
        raise damaged(line, "step and timestamp are whole numbers of at most 18 digits")
    if not key:
        raise damaged(line, "the key is empty")
    try:
        if _real(value):
            return Point(int(step), int(timestamp), key, float(value), *rest)
    except ValueError:
        pass
    raise damaged(line, f"not a number: {value!r:.40}")
