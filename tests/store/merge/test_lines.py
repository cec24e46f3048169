"""Text that no rule knows is merged as git merges it, or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgit.store.merge.lines import merge_lines

_lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n"]), max_size=8)


def by_git(place: Path, *texts: bytes) -> bytes | None:
    names = [place / name for name in ("ours", "base", "theirs")]
    for path, text in zip(names, texts, strict=True):
        path.write_bytes(text)
    argv = ["git", "merge-file", "-p", "-q", *map(str, names)]
    done = subprocess.run(argv, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def test_changes_far_from_each_other_are_both_kept(tmp_path: Path) -> None:
    base = b"".join(b"line %d\n" % number for number in range(20))
    ours, theirs = base.replace(b"line 2\n", b"two\n"), base.replace(b"line 17\n", b"")
    merged = merge_lines(base, ours, theirs)
    assert merged == by_git(tmp_path, ours, base, theirs)
    assert merged == merge_lines(base, theirs, ours)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (b"a\n", b"b\n", b"c\n"),
        (b"a\nb\n", b"x\nb\n", b"a\ny\n"),
        (b"", b"x\n", b"y\n"),
        (b"a\0", b"b\0", b"a\0c"),
        (None, b"a", b"b"),
    ],
)
def test_changes_that_touch_are_refused(base: bytes | None, ours: bytes, theirs: bytes) -> None:
    assert merge_lines(base, ours, theirs) is None


@given(_lines, _lines, _lines)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_is_merged_is_the_same_whoever_merges(
    base: list[bytes], ours: list[bytes], theirs: list[bytes]
) -> None:
    texts = [b"".join(lines) for lines in (base, ours, theirs)]
    merged = merge_lines(*texts)
    assert merged == merge_lines(texts[0], texts[2], texts[1])
    assert merge_lines(texts[0], texts[1], texts[1]) == texts[1]
    assert merge_lines(texts[0], texts[0], texts[1]) == texts[1]
