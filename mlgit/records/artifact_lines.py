"""The entries of a long `artifacts.yaml` as `dump_manifest` writes them, read and written at once.

Where an entry is not quite plain, `mlgit.records.text` takes the whole, to the same effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlgit.records.yaml_write import (
    MAX_BYTES,
    MAX_INTEGER,
    QUOTABLE,
    RESERVED,
    WORD,
    printable,
    word_or_quoted,
)

#: path, size, sha256, inline, uri; the last three may be "".
Fields = tuple[str, int, str, str, str]

_HEAD = b"format: 1\nartifacts:\n"
_TEXT = rf'({WORD}|"{QUOTABLE}+")'
_split = re.compile(
    rf"  - path: {_TEXT}\n    size: (0|[1-9][0-9]{{0,17}})\n"
    r'(?:    sha256: "([0-9a-f]{64})"\n)?'
    rf"(?:    inline: {_TEXT}\n)?(?:    uri: {_TEXT}\n)?"
).split
_STEP = 6  # what stands before an entry, which must be nothing, and its five fields


def read(data: bytes) -> list[Fields] | None:
    """The entries of a manifest; None where they are not spelled just so."""
    if len(data) > MAX_BYTES or not data.startswith(_HEAD):
        return None
    try:
        text = data[len(_HEAD) :].decode()
    except UnicodeDecodeError:
        return None
    parts = _split(text)
    if len(parts) < _STEP or any(parts[::_STEP]) or not printable(text):
        return None
    sizes, digests = map(int, parts[2::_STEP]), (digest or "" for digest in parts[3::_STEP])
    paths, inline, uris = (map(_plain, parts[field::_STEP]) for field in (1, 4, 5))
    try:
        return list(zip(paths, sizes, digests, inline, uris, strict=True))
    except ValueError:
        return None


def _plain(raw: str | None) -> str:
    """What a word or quoted text says.

    Raises:
        ValueError: It is no text.
    """
    if not raw:
        return ""
    if raw[0] == '"':
        return raw[1:-1]
    if len(raw) < 6 and raw.lower() in RESERVED:
        raise ValueError(raw)
    return raw


def write(entries: Iterable[Fields]) -> bytes | None:
    """The manifest of entries in their order; None where one of them needs another spelling."""
    out = [_HEAD.decode()]
    for path, size, sha256, inline, uri in entries:
        if "\n" in path or "\n" in inline or "\n" in uri or abs(size) > MAX_INTEGER:
            return None
        out.append(f"  - path: {word_or_quoted(path)}\n    size: {size:d}\n")
        if sha256:
            out.append(f"    sha256: {word_or_quoted(sha256)}\n")
        if inline:
            out.append(f"    inline: {word_or_quoted(inline)}\n")
        if uri:
            out.append(f"    uri: {word_or_quoted(uri)}\n")
    return "".join(out).encode()
