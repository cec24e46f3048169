"""A clone with objects, a remote that can go wrong, and the laws that hold for both.

`python -m tests.artifacts.transfer.worlds` prints the table of faults.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.remotes.bundling import BundlingRemote
from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.place import Place
from mlgit.artifacts.transfer.download import download
from mlgit.artifacts.transfer.upload import upload
from mlgit.artifacts.transfer.values import Downloaded, Uploaded, Wanted
from mlgit.errors import MlgitError
from tests.support.faulty import (
    LOOK,
    LOOK_MODES,
    MOVE_MODES,
    READ,
    READ_MODES,
    WRITE,
    WRITE_MODES,
    Faults,
    FaultyFileSystem,
)

STORES = ("object store", "folder", "bundles")
SIZES = (0, 1, 500, 4_000, 9_000)  # bytes
SMALL = (300_000, *range(1_000, 1_040))  # a big one, and enough small ones for a bundle
SHORT = 0.4  # seconds
READ_FAULTS = [*((READ, mode) for mode in READ_MODES), ("any", "random")]
FAULTS = [
    *((WRITE, mode) for mode in WRITE_MODES),
    *((LOOK, mode) for mode in LOOK_MODES),
    *READ_FAULTS,
]


class World(NamedTuple):
    """What one test works with.

    Attributes:
        here: Objects of this clone.
        there: Those of another clone, empty.
        remote: The shared remote, over `faults`.
        raw: Its files without faults.
        root: Its folder in `raw`.
        faults: What goes wrong; nothing at first.
        wanted: The objects that are `here`.
    """

    here: ObjectCache
    there: ObjectCache
    remote: FsspecRemote
    raw: LocalFileSystem | MemoryFileSystem
    root: str
    faults: Faults
    wanted: list[Wanted]

    def upload(self, timeout: float = SHORT, workers: int | None = None) -> Uploaded:
        return upload(self.wanted, self.here, self.remote, timeout=timeout, workers=workers)

    def download(self, timeout: float = SHORT, workers: int | None = None) -> Downloaded:
        return download(self.wanted, [self.remote], self.there, timeout=timeout, workers=workers)

    def stored(self, one: Wanted) -> bytes | None:
        """What the remote really holds under an object's name."""
        try:
            return bytes(self.raw.cat_file(self.path(one)))
        except FileNotFoundError:
            return None

    def path(self, one: Wanted) -> str:
        name = one.sha256
        return f"{self.root}/sha256/{name[:2]}/{name[2:4]}/{name}"

    def is_stored(self, one: Wanted) -> bool:
        """Whether the remote really holds it whole, alone or in a bundle."""
        data = self.stored(one)
        if data is not None and sha256(data).hexdigest() == one.sha256:
            return True
        return any(one.sha256 in objects for objects in self.bundles())

    def bundles(self) -> Iterator[set[str]]:
        """The digests of the whole objects of each bundle, read by another program."""
        for path in self.raw.glob(f"{self.root}/bundles/*.zip"):
            with suppress(BadZipFile), ZipFile(BytesIO(self.raw.cat_file(path))) as file:
                yield {digest for name in file.namelist() if (digest := _whole(file, name))}

    def wrong_here(self) -> list[Path]:
        """Files under an object's name in the other clone that have other bytes."""
        files = [path for path in (self.there.root / "sha256").rglob("*") if path.is_file()]
        return [path for path in files if sha256(path.read_bytes()).hexdigest() != path.name]


def _whole(file: ZipFile, name: str) -> str:
    """The digest of a member that has the bytes it is named for."""
    with suppress(BadZipFile):
        found = sha256(file.read(name)).hexdigest()
        if name == f"sha256/{found[:2]}/{found[2:4]}/{found}":
            return found
    return ""


@contextmanager
def world(store: str, sizes: Sequence[int] = (), seed: int = 0) -> Iterator[World]:
    """A clone with objects of these sizes and an empty remote of that kind."""
    sizes = sizes or (SMALL if store == "bundles" else SIZES)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        raw = LocalFileSystem() if store == "folder" else MemoryFileSystem()
        root = f"{place}/remote"
        raw.makedirs(root)
        faults = Faults(seed=seed)

        def make() -> FaultyFileSystem:
            return FaultyFileSystem(raw, faults)

        folder = store == "folder"
        kind = BundlingRemote if store == "bundles" else FsspecRemote
        remote = kind("main", "faulty://main", Place(make, root, "", folder, folder))
        here, random = ObjectCache(place / "here"), Random(seed)
        wanted = [Wanted(*here.put_bytes(random.randbytes(size))) for size in sizes]
        try:
            yield World(here, ObjectCache(place / "there"), remote, raw, root, faults, wanted)
        finally:
            faults.over.set()
            if not folder:
                raw.rm(root, recursive=True)


class Row(NamedTuple):
    """What one fault did to one transfer of `len(SIZES)` objects.

    Attributes:
        claimed: Objects said to be there or moved.
        of: Objects that were to be.
        false: Those of them that were not there with the right bytes.
        wrong: Files with wrong bytes under an object's name here.
        again: Whether one more call, without the fault, completed it.
        found: Whether `verify` told right from wrong for every object, after the fault.
        struck: How often the fault came.
    """

    store: str
    on: str
    mode: str
    operation: str
    claimed: int
    of: int
    false: int
    wrong: int
    again: bool
    found: bool
    struck: int


def uploaded_under(store: str, on: str, mode: str, seed: int = 0) -> Row:
    """One upload with this fault, and one without."""
    with world(store, seed=seed) as w:
        list(w.remote.keys("sha256"))
        w.remote.sizes([one.sha256 for one in w.wanted])
        _begin(w, on, mode)
        claimed: list[Wanted] = []
        try:
            done = w.upload()
            claimed = done.there + done.sent
        except MlgitError:
            pass
        w.faults.mode, struck = "", w.faults.count
        false = [one for one in claimed if not w.is_stored(one)]
        found = all(w.remote.verify(one.sha256) == w.is_stored(one) for one in w.wanted)
        again = w.upload(5.0).complete and all(map(w.is_stored, w.wanted))
        count = len(w.wanted)
        return Row(
            store, on, mode, "upload", len(claimed), count, len(false), 0, again, found, struck
        )


def downloaded_under(store: str, on: str, mode: str, seed: int = 0) -> Row:
    """One download with this fault, and one without."""
    with world(store, seed=seed) as w:
        assert w.upload().complete
        _begin(w, on, mode)
        done = w.download()
        claimed = done.there + done.fetched
        w.faults.mode, struck = "", w.faults.count
        false = [one for one in claimed if not w.there.verify(one.sha256)]
        wrong = w.wrong_here()
        again = w.download(5.0).complete and all(w.there.verify(one.sha256) for one in w.wanted)
        found = all(w.remote.verify(one.sha256) for one in w.wanted)
        return Row(
            store,
            on,
            mode,
            "download",
            len(claimed),
            len(w.wanted),
            len(false),
            len(wrong),
            again,
            found,
            struck,
        )


def _begin(w: World, on: str, mode: str) -> None:
    w.faults.on, w.faults.mode = on, mode
    w.faults.chance = 0.1 if mode == "random" else 1.0


def every_row() -> list[Row]:
    """Every fault with every operation."""
    rows = [uploaded_under(store, on, mode) for store in STORES for on, mode in FAULTS]
    rows += [uploaded_under("folder", WRITE, mode) for mode in MOVE_MODES]
    rows += [downloaded_under(store, on, mode) for store in STORES for on, mode in READ_FAULTS]
    return rows


def table() -> str:
    """What each did, as Markdown."""
    head = "| remote | fault | operation | claimed | false claims | wrong bytes | retry | verify |"
    lines = [head, "|" + "---|" * 8]
    for row in every_row():
        fault = f"{row.mode} ({row.on})" if row.mode != "random" else "10 % of any"
        end = f"{'completes' if row.again else 'FAILS'} | {'right' if row.found else 'WRONG'}"
        count = f"{row.claimed}/{row.of} | {row.false} | {row.wrong}"
        lines.append(f"| {row.store} | {fault} | {row.operation} | {count} | {end} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
