"""What one writer wants on the branch, as it waits for a commit that it shares with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.git.framing import pack_frames, unpack_frames

if TYPE_CHECKING:
    from mlgit.git.tree import Edit

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NAMED = 5  # items that the subject of a shared commit names


class Item(NamedTuple):
    """Files of one folder, and how the commit that brings them shall read.

    Attributes:
        folder: Where the files go, as a path on the branch.
        files: Name below `folder` to content; files that are there already stay.
        subject: First line of the commit when the item has one to itself.
        title: Its short name in the subject of a shared commit.
        topic: What `title` belongs to; named once in a shared subject.
        note: A paragraph for the message, such as `[skip ci]`; given once when shared.
        trailers: Lines at the end of the message.
        defaults: Full path to content, written only where the branch has no such path.
    """

    folder: str
    files: Mapping[str, bytes]
    subject: str
    title: str = ""
    topic: str = ""
    note: str = ""
    trailers: Mapping[str, str] = _NOTHING
    defaults: Mapping[str, bytes] = _NOTHING

    def edits(self) -> dict[str, Edit]:
        """Its files by full path."""
        return {f"{self.folder}/{name}": data for name, data in self.files.items()}

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(map(len, self.files.values()))


def encode_item(item: Item) -> bytes:
    """An item as the content of a queue entry."""
    texts = [item.folder, item.subject, item.title, item.topic, item.note]
    frames = [_bytes(text) for text in texts]
    trailers = {key: _bytes(value) for key, value in item.trailers.items()}
    for table in (trailers, item.files, item.defaults):
        frames.append(b"%d" % len(table))
        for key, value in table.items():
            frames += [_bytes(key), value]
    return pack_frames(frames)


def decode_item(data: bytes) -> Item | None:
    """The item of a queue entry; None when the entry is torn."""
    frames = unpack_frames(data)
    if frames is None:
        return None
    stream = iter(frames)
    texts = [_text(frame) for frame in islice(stream, 5)]
    trailers = {key: _text(value) for key, value in _table(stream)}
    files, defaults = dict(_table(stream)), dict(_table(stream))
    folder, subject, title, topic, note = texts
    return Item(folder, files, subject, title, topic, note, trailers, defaults)


def _table(stream: Iterator[bytes]) -> list[tuple[str, bytes]]:
    return [(_text(next(stream)), next(stream)) for _ in range(int(next(stream)))]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(frame: bytes) -> str:
    return frame.decode("utf-8", "surrogateescape")


def message(items: Sequence[Item]) -> str:
    """The commit message for one item, or for several that share a commit."""
    subject = items[0].subject if len(items) == 1 else _shared_subject(items)
    listed = "" if len(items) == 1 else "\n".join(item.subject for item in items)
    notes = dict.fromkeys(item.note for item in items)
    trailers = [line for item in items for line in _trailers(item)]
    parts = [subject, listed, *notes, "\n".join(trailers)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _trailers(item: Item) -> list[str]:
    return [f"{key}: {value}" for key, value in item.trailers.items() if value]


def _shared_subject(items: Sequence[Item]) -> str:
    """`runs: 7 runs (churn) brisk-otter-12, calm-moth-25, …`."""
    topics = list(dict.fromkeys(item.topic for item in items if item.topic))
    about = f" ({', '.join(topics[:2])}{', …' if len(topics) > 2 else ''})" if topics else ""
    titles = [item.title for item in items[:_NAMED] if item.title]
    more = ", …" if len(items) > _NAMED else ""
    return f"runs: {len(items)} runs{about} {', '.join(titles)}{more}".rstrip()
