"""A run that was landed leaves the spool: only when its commit was read back from the disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import times
from mlgit.errors import MlgitError
from mlgit.git.sharing import make_folder
from mlgit.records import layout
from mlgit.runs.journal_file import SUFFIX
from mlgit.runs.journal_records import pack_header
from mlgit.runs.journals import HOUR_MS, published_folder
from mlgit.runs.spool.folder import objects_beside

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.runs.spool.ready import Ready
    from mlgit.store.publication import Publication
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store


def is_there(snapshot: Snapshot, publication: Publication) -> bool:
    """Whether the files of a run are on the branch, as the disk has it."""
    try:
        return snapshot.read(f"{publication.folder}/{layout.RUN}") is not None and all(
            snapshot.read(f"{publication.folder}/{name}") == data
            for name, data in publication.files.items()
        )
    except MlgitError:
        return False


def put_away(store: Store, one: Ready, commit: Oid) -> None:
    """Keep the journals beside the store for an hour, as those of its own, and empty the spool."""
    for path in one.run.paths:
        if one.publication is not None:
            _shelve(store, one, path, commit)
        with suppress(FileNotFoundError):
            if path.stat().st_size == one.said.sizes[path]:  # else its writer has gone on
                path.unlink()
                remove_folder(objects_beside(path))
    with suppress(OSError):
        one.run.paths[0].parent.rmdir()


def remove_folder(folder: Path) -> None:
    """Remove a folder of the spool as far as the system lets us; a later flush goes on with it."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _shelve(store: Store, one: Ready, path: Path, commit: Oid) -> None:
    """Let the store compare its branch with this journal in an hour, see `heal`."""
    hour = published_folder(store.data) / str(times.now_ms() // HOUR_MS)
    name = f"{one.run.run_id}.{path.stem}.{commit.decode()}{SUFFIX}"
    first = pack_header(one.header) if one.header else b""
    with suppress(OSError):
        data = first + path.read_bytes() + one.said.words.get(path, b"")
        make_folder(hour)
        (hour / name).write_bytes(data)
