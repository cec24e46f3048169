"""A bundle: small objects in a zip without compression, named for the sha256 of the whole file.

Its members are named as objects are below the root of a remote: unzipped there, it is the plain
layout. It is small enough to be sent, and checked, in one request. Its comment is the digest of its
directory, which is read alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from mlgit.artifacts.remote import Span
from mlgit.errors import Damaged

FOLDER = "bundles"
SMALL = 256 << 10  # bytes of the biggest object that goes into a bundle
FEWEST = 32  # objects that are worth one
MOST = 2000  # objects of one; their directory then fits into `TAIL`
LARGEST = 8 << 20  # bytes of one
TAIL = 256 << 10  # bytes at its end that hold its directory

_HEADER, _DIRECTORY, _END = 30, 46, 22 + 64  # bytes of its records, without the names in them
_UNIX = 3
_file = re.compile(rf"{FOLDER}/([0-9a-f]{{64}})\.zip").fullmatch
_member = re.compile(r"sha256/([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})").fullmatch


def file_of(bundle: str) -> str:
    """The path below a remote's root of the bundle of that digest."""
    return f"{FOLDER}/{bundle}.zip"


def bundle_at(path: str) -> str:
    """The digest of the bundle at a path below a remote's root; "" where that names none."""
    found = _file(path)
    return found[1] if found else ""


def room_of(size: int) -> int:
    """Bytes that an object of that size takes in a bundle."""
    return size + _HEADER + _DIRECTORY + 2 * len(_name_of("0" * 64))


def batches(sizes: Iterable[int]) -> Iterator[int]:
    """How many of the objects, in their order, go into each bundle."""
    count, room = 0, _END
    for size in sizes:
        if count and (count == MOST or room + room_of(size) > LARGEST):
            yield count
            count, room = 0, _END
        count, room = count + 1, room + room_of(size)
    if count:
        yield count


def bundle_of(objects: Iterable[tuple[str, bytes]]) -> bytes:
    """The bundle of these objects, by digest; the same ones give the same bytes."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as file:
        for digest, data in objects:
            info = ZipInfo(_name_of(digest))
            info.create_system = _UNIX
            file.writestr(info, data)
        file.comment = digest_of(dict(_spans(file.infolist(), LARGEST))).encode()
    return made.getvalue()


def contents(tail: bytes, size: int) -> dict[str, Span]:
    """The objects of a bundle of `size` bytes that ends with `tail`, by digest.

    Raises:
        Damaged: It is no bundle.
    """
    if not len(tail) <= size <= LARGEST:
        raise Damaged(f"no bundle has {size:,} bytes")
    try:
        with ZipFile(BytesIO(bytes(size - len(tail)) + tail)) as file:
            found = dict(_spans(file.infolist(), size))
            if file.comment != digest_of(found).encode():
                raise Damaged("the directory of a bundle has changed")
            return found
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise Damaged(f"not a bundle: {error}") from None


def _spans(members: Iterable[ZipInfo], size: int) -> Iterator[tuple[str, Span]]:
    for one in members:
        found, start = _member(one.filename), one.header_offset + _HEADER + len(one.filename)
        plain = one.compress_type == ZIP_STORED and one.file_size == one.compress_size
        if found and plain and one.header_offset >= 0 and start + one.file_size <= size:
            yield found[3], Span(start, one.file_size)


def digest_of(directory: Mapping[str, Span]) -> str:
    """What a bundle's comment says: its directory is used without the rest having been read."""
    return sha256("".join(lines_of(directory)).encode()).hexdigest()


def lines_of(directory: Mapping[str, Span]) -> Iterator[str]:
    """A directory as text: digest, start and size of each object."""
    return (f"{digest} {start} {size}\n" for digest, (start, size) in directory.items())


def _name_of(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest[2:4]}/{digest}"
