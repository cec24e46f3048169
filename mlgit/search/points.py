"""The points of a run as a pandas data frame, at the speed of pandas' CSV reader."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlgit.records.metrics import HEADER, Point, decode_points
from mlgit.store.snapshot import Snapshot, parsed

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {"step": "int64", "timestamp": "int64", "key": "str", "value": "float64"}
_WIDE = Point._fields[4:]


def points_frame(snapshot: Snapshot, folder: str) -> pd.DataFrame:
    """Every metric point of a run, a row each: those of `Snapshot.points`, in that order.

    Columns: `step`, `timestamp` (milliseconds UTC), `key` (a category), `value`; where one of the
    points has them also `model_id`, `dataset_name`, `dataset_digest` (text, "" elsewhere).

    Raises:
        Damaged: A segment cannot be read.
    """
    paths = [f"{folder}/{name}" for name in snapshot.segment_names(folder)]
    parts = [parsed(path, snapshot.read(path) or b"", _segment) for path in paths]
    frame = _joined([part for part in parts if len(part)] or [_frame([])])
    return _once_in_order(frame)


def _once_in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """By step and timestamp, then as they came; equal points once."""
    step, time = frame["step"], frame["timestamp"]
    if not (step.is_monotonic_increasing and time.is_monotonic_increasing):
        frame = frame.sort_values(["step", "timestamp"], kind="stable")
        step, time = frame["step"], frame["timestamp"]
    like_before = (step == step.shift()) & (time == time.shift())
    if like_before.any():  # equal points stand among such rows only
        near = frame[like_before | like_before.shift(-1, fill_value=False)]
        frame = frame.drop(index=near.index[near.duplicated()])
    ordered: pd.DataFrame = frame.reset_index(drop=True)
    return ordered


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if len(parts) == 1:
        return parts[0]
    keys = {key: None for part in parts for key in part["key"].cat.categories}
    shared = pd.CategoricalDtype(list(keys))
    frame: pd.DataFrame = pd.concat(
        [part.astype({"key": shared}) for part in parts], ignore_index=True
    )
    wide = [name for name in _WIDE if name in frame]
    return frame.fillna(dict.fromkeys(wide, "")) if wide else frame


def _segment(data: bytes) -> pd.DataFrame:
    frame = _plain(data[: data.rfind(b"\n") + 1])
    if frame is None:
        frame = _frame(decode_points(data))
    segment: pd.DataFrame = frame.astype({"key": "category"})
    return segment


def _plain(data: bytes) -> pd.DataFrame | None:
    """The rows of a segment without quotes; None where one is not four cells of these types."""
    import pandas as pd

    rows = data.count(b"\n")
    is_plain = data.startswith(f"{HEADER}\n".encode()) and b'"' not in data
    if not is_plain or data.count(b",") != 3 * rows:
        return None
    # Later versions read floats exactly in any case, and warn of the option.
    exact: Any = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}
    reals = {"value": ["nan"]}
    try:
        frame: pd.DataFrame = pd.read_csv(
            BytesIO(data), dtype=_TYPES, keep_default_na=False, na_values=reals, **exact
        )
    except ValueError:
        return None
    return frame if len(frame) == rows - 1 and not (frame["key"] == "").any() else None


def _frame(points: list[Point]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(points, columns=list(Point._fields)).astype(_TYPES)
    unused = [name for name in _WIDE if not (frame[name] != "").any()]
    used: pd.DataFrame = frame.drop(columns=unused)
    return used
