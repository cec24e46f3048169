"""The points of a run as a pandas data frame, at the speed of pandas' CSV reader."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

from mlgit.errors import MlgitError
from mlgit.records.metrics import HEADER, Point, decode_points
from mlgit.store.snapshot import Snapshot, parsed

if TYPE_CHECKING:
    import pandas as pd

    from mlgit.artifacts.fetch import Sources
    from mlgit.records.artifact import Manifest
    from mlgit.records.history import History

_TYPES = {"step": "int64", "timestamp": "int64", "key": "category", "value": "float64"}
_WIDE = Point._fields[4:]


def points_frame(snapshot: Snapshot, folder: str, sources: Sources) -> pd.DataFrame:
    """Every metric point of a run, a row each, in the order of `Snapshot.points`.

    Of a history that was too long for git the whole one, from the artifacts in `sources`; where it
    is not there the down-sampled one, with a warning.

    Columns: `step`, `timestamp` (milliseconds UTC), `key` (a category), `value`; where one of the
    points has them also `model_id`, `dataset_name`, `dataset_digest` (text, "" elsewhere).

    Raises:
        Damaged: A segment cannot be read.
    """
    history, names = snapshot.run(folder).history, snapshot.segment_names(folder)
    whole = _whole(history, snapshot.manifest(folder), sources) if history.sampled else []
    paths = [f"{folder}/{name}" for name in names]
    parts = [parsed(path, snapshot.read(path) or b"", _segment) for path in paths]
    if whole:
        long = _joined([_segment(each) for each in whole])
        parts = [long, *(_not_in(long, part) for part in parts)]
    frame = _joined([part for part in parts if len(part)] or [_frame([])])
    return _once_in_order(frame)


def _not_in(long: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    """The rows of a metric file that are not in the whole history: as a rule, none."""
    columns = list(part)
    if columns != list(long):
        return part
    near = long[long["step"].isin(part["step"])].astype({"key": object}).drop_duplicates()
    found = part.astype({"key": object}).merge(near, how="left", on=columns, indicator="in")
    new: pd.DataFrame = part[(found["in"] == "left_only").to_numpy()]
    return new


def _whole(history: History, manifest: Manifest, sources: Sources) -> list[bytes]:
    from mlgit.artifacts.history import whole_history

    try:
        return whole_history(history, manifest, sources)
    except MlgitError as error:
        warnings.warn(f"{error.message}; {error.hint}", stacklevel=3)
        return []


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
    return _frame(decode_points(data)) if frame is None else frame


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
    keys = frame["key"].cat.categories
    # Where every key is written as a number, pandas takes them for numbers.
    are_texts = all(isinstance(key, str) and key for key in keys)
    return frame if len(frame) == rows - 1 and are_texts else None


def _frame(points: list[Point]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(points, columns=list(Point._fields)).astype(_TYPES)
    unused = [name for name in _WIDE if not (frame[name] != "").any()]
    used: pd.DataFrame = frame.drop(columns=unused)
    return used
