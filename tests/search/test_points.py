"""The points of a run as a data frame are its points."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.artifacts.fetch import local_sources
from mlgit.errors import Damaged
from mlgit.records.metrics import Point, encode_points
from mlgit.search.points import points_frame
from mlgit.store.store import Store
from tests.records.record_strategies import points
from tests.search.records import a_run, publish
from tests.support.repos import make_repo


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = make_repo(tmp_path_factory.mktemp("points") / "project")
    Store.init(path)
    with Store.open(path) as opened:
        publish(opened, a_run(1))
        yield opened


def put(store: Store, segments: dict[str, bytes]) -> str:
    """Make these the segments of the only run; its folder."""
    (folder,) = store.snapshot().run_folders()
    with store.change("points") as change:
        for name in store.snapshot().segment_names(folder):
            change.remove(f"{folder}/{name}")
        for name, data in segments.items():
            change.put(f"{folder}/{name}", data)
    return folder


def rows(store: Store, folder: str) -> list[str]:
    frame = points_frame(store.snapshot(), folder, local_sources(store.data))
    wide = [name for name in Point._fields[4:] if name not in frame]
    frame = frame.assign(**dict.fromkeys(wide, ""))[list(Point._fields)]
    listed = frame.astype({"key": object}).itertuples(index=False, name=None)
    return [repr(Point(*row)) for row in listed]


plain = st.builds(
    Point,
    step=st.integers(-3, 3),
    timestamp=st.integers(0, 3),
    key=st.sampled_from(("loss", "NA", "nan", "é", "1")),
    value=st.one_of(st.floats(), st.sampled_from((nan, inf, -inf, 0.1, 5e-324))),
)
names = st.sampled_from(("metrics.csv", "metrics.a-1.csv", "metrics.a-10.csv", "metrics.a-2.csv"))


@given(st.dictionaries(names, st.one_of(st.lists(plain, max_size=8), st.lists(points, max_size=4))))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_they_are_the_points_of_the_run(shared: Store, segments: dict[str, list[Point]]) -> None:
    folder = put(shared, {name: encode_points(listed) for name, listed in segments.items()})
    assert rows(shared, folder) == [repr(point) for point in shared.snapshot().points(folder)]


@pytest.mark.parametrize("key", ["0", "01", "1e3", "1.0"])
def test_a_key_that_is_written_as_a_number_stays_text(shared: Store, key: str) -> None:
    folder = put(shared, {"metrics.csv": encode_points([Point(0, 0, key, 0.5)])})
    assert rows(shared, folder) == [repr(Point(0, 0, key, 0.5))]


@pytest.mark.parametrize("torn", [b"5,6,loss,0.", b"5", b"5,6,lo"])
def test_a_torn_last_line_is_left_out(shared: Store, torn: bytes) -> None:
    whole = encode_points([Point(1, 2, "loss", 0.5)])
    folder = put(shared, {"metrics.csv": whole + torn})
    assert rows(shared, folder) == [repr(Point(1, 2, "loss", 0.5))]


@pytest.mark.parametrize(
    "line",
    [b"1,2,loss\n", b"1,2,loss,x\n", b"1,2,loss,0.5,7\n", b"x,2,loss,0.5\n", b"1.5,2,loss,1\n"],
)
def test_a_damaged_line_is_damage(shared: Store, line: bytes) -> None:
    whole = encode_points([Point(1, 2, "loss", 0.5)])
    folder = put(shared, {"metrics.csv": whole + line})
    with pytest.raises(Damaged, match=r"metrics\.csv"):
        points_frame(shared.snapshot(), folder, local_sources(shared.data))


def test_no_points_are_no_rows(shared: Store) -> None:
    folder = put(shared, {})
    assert points_frame(shared.snapshot(), folder, local_sources(shared.data)).empty
