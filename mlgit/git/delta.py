"""Differences between two versions of one object, in git's pack format.

A tree of the data branch changes in one place at a time, so a common start, new bytes and a
common end describe it in full; no search for similar text is needed.
"""

from __future__ import annotations

_LONGEST_COPY = 0xFFFF
_LONGEST_INSERT = 127


def delta(base: bytes, target: bytes) -> bytes:
    """Instructions that make `target` from `base`."""
    start = _common_start(base, target)
    end = _common_end(base[start:], target[start:])
    middle = target[start : len(target) - end]
    made = size(len(base)) + size(len(target))
    made += _copy(0, start)
    for at in range(0, len(middle), _LONGEST_INSERT):
        piece = middle[at : at + _LONGEST_INSERT]
        made += bytes((len(piece),)) + piece
    return made + _copy(len(base) - end, end)


def size(number: int) -> bytes:
    """`number` as git writes lengths: seven bits a byte, lowest first."""
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def distance(number: int) -> bytes:
    """`number` as git writes the way back to a base in the same pack."""
    made = bytearray((number & 127,))
    number >>= 7
    while number:
        number -= 1
        made.insert(0, number & 127 | 128)
        number >>= 7
    return bytes(made)


def _copy(offset: int, length: int) -> bytes:
    """Instructions that copy `length` bytes of the base."""
    made = bytearray()
    while length:
        piece = min(length, _LONGEST_COPY)
        command, arguments = 128, bytearray()
        for bit, byte in enumerate(offset.to_bytes(4, "little") + piece.to_bytes(2, "little")):
            if byte:
                command |= 1 << bit
                arguments.append(byte)
        made.append(command)
        made += arguments
        offset, length = offset + piece, length - piece
    return bytes(made)


def _common_start(one: bytes, other: bytes) -> int:
    """How many first bytes are equal, by halving: slices compare at the speed of C."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: bytes, other: bytes) -> int:
    """How many last bytes are equal."""
    return _common_start(one[::-1], other[::-1])
