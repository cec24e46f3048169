"""Lines of git to a hook, as values."""

from __future__ import annotations

import pytest

from mlgit.errors import InvalidValue
from mlgit.registry.pushed.update import Update, read_updates

A, B, NO = b"a" * 40, b"b" * 40, b"0" * 40


def test_zeros_are_nothing() -> None:
    lines = [A + b" " + B + b" refs/heads/x", NO + b" " + B + b" refs/heads/y\n"]
    assert read_updates(lines) == [
        Update("refs/heads/x", A, B),
        Update("refs/heads/y", None, B),
    ]
    assert read_updates([A + b" " + NO + b" refs/heads/\xff"])[0].new is None


@pytest.mark.parametrize("line", [b"", b"x y z", A + b" " + B, A + b" HEAD refs/heads/x"])
def test_what_is_no_update_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidValue):
        read_updates([line])
