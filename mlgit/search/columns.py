"""Runs as columns of numbers and texts: what a data frame is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Cells(NamedTuple):
    """Some values and the rows they stand at, ascending; others have none."""

    rids: list[int]
    values: list[Any]


@dataclass(frozen=True)
class Numbers:
    """A number a run: `values` float64 (NaN also where missing), `present` whether there is one."""

    values: Array
    present: Array


@dataclass(frozen=True)
class Texts:
    """A text a run: `codes` int32 are places in `names`, -1 where it is missing."""

    codes: Array
    names: Sequence[str]


Column = Numbers | Texts


@dataclass(frozen=True)
class Columns:
    """Some runs: `rids` are their rows in the index, ascending; columns by their heading."""

    rids: Array
    columns: Mapping[str, Column]

    def taken(self, rids: Sequence[int]) -> Columns:
        """Only these rows, in this order."""
        import numpy as np

        return self.at(np.searchsorted(self.rids, np.asarray(rids, dtype=np.int64)))

    def at(self, places: Array | Sequence[int]) -> Columns:
        """Only what stands at these places, in this order."""
        import numpy as np

        where = np.asarray(places, dtype=np.int64)
        columns = {name: _take(one, where) for name, one in self.columns.items()}
        return Columns(self.rids[where], columns)

    def with_more(self, other: Columns) -> Columns:
        """These rows, then those of `other`, with the columns of both."""
        import numpy as np

        counts = len(self.rids), len(other.rids)
        columns = {
            name: _joined(self.columns.get(name), other.columns.get(name), *counts)
            for name in {**self.columns, **other.columns}
        }
        return Columns(np.concatenate([self.rids, other.rids]), columns)


def _take(column: Column, places: Array) -> Column:
    if isinstance(column, Numbers):
        return Numbers(column.values[places], column.present[places])
    return Texts(column.codes[places], column.names)


def _joined(first: Column | None, second: Column | None, before: int, after: int) -> Column:
    import numpy as np

    if isinstance(first, Texts) or isinstance(second, Texts):
        one, two = _texts_or_none(first, before), _texts_or_none(second, after)
        shifted = np.where(two.codes >= 0, two.codes + len(one.names), -1)
        return Texts(np.concatenate([one.codes, shifted]), [*one.names, *two.names])
    former, latter = _numbers_or_none(first, before), _numbers_or_none(second, after)
    values = np.concatenate([former.values, latter.values])
    return Numbers(values, np.concatenate([former.present, latter.present]))


def _texts_or_none(column: Column | None, count: int) -> Texts:
    import numpy as np

    return column if isinstance(column, Texts) else texts(Cells([], []), np.arange(count))


def _numbers_or_none(column: Column | None, count: int) -> Numbers:
    import numpy as np

    return column if isinstance(column, Numbers) else numbers(Cells([], []), np.arange(count))


def numbers(found: Cells, rids: Array) -> Numbers:
    """The column of numbers at ascending rows; None is NaN."""
    import numpy as np

    present = np.zeros(len(rids), dtype=bool)
    values = np.full(len(rids), np.nan)
    places = _places(found, rids)
    present[places] = True
    values[places] = np.array(found.values, dtype=np.float64)
    return Numbers(values, present)


def texts(found: Cells, rids: Array) -> Texts:
    """The column of texts at ascending rows."""
    import numpy as np

    known: dict[str, int] = {}
    listed = [known.setdefault(text, len(known)) for text in found.values]
    codes = np.full(len(rids), -1, dtype=np.int32)
    codes[_places(found, rids)] = listed
    return Texts(codes, list(known))


def _places(found: Cells, rids: Array) -> Array | slice:
    import numpy as np

    if len(found.rids) == len(rids):
        return slice(None)
    return np.searchsorted(rids, np.array(found.rids, dtype=np.int64))
