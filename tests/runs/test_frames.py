from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.runs import frames


def test_a_frame_gives_back_its_kind_and_payload() -> None:
    data = frames.pack(frames.EVENT, b"hello")
    assert frames.frame_at(data, 0) == frames.Frame(frames.EVENT, b"hello", len(data))


def test_a_point_is_a_frame_of_one_row() -> None:
    data = frames.pack_point(3, -7, 12, 0.5)
    frame = frames.frame_at(data, 0)
    assert frame is not None
    assert frames.is_lone(data)
    assert frames.ROW.unpack(frame.payload) == (3, -7, 12, 0.5)


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1])
def test_a_step_beyond_64_bits_is_refused(step: int) -> None:
    with pytest.raises(struct.error):
        frames.pack_point(0, step, 0, 0.0)


@given(st.binary(max_size=40), st.integers(0, 4), st.data())
def test_any_changed_bit_is_noticed(payload: bytes, kind: int, data: st.DataObject) -> None:
    whole = bytearray(frames.pack(kind, payload))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    assert frames.frame_at(bytes(whole), 0) is None


@given(st.binary(max_size=40), st.integers(0, 80))
def test_a_torn_frame_is_none(payload: bytes, kept: int) -> None:
    whole = frames.pack(frames.EVENT, payload)
    assert (frames.frame_at(whole[:kept], 0) is None) == (kept < len(whole))


def test_a_payload_that_does_not_fit_is_refused() -> None:
    class Endless(bytes):
        def __len__(self) -> int:
            return frames.MAX_PAYLOAD + 1

    with pytest.raises(ValueError, match="do not fit"):
        frames.pack(frames.FILE, Endless())
