"""What in the repository and on the machine is in the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mlgit import process
from mlgit.errors import NotFound, RemoteFailed
from mlgit.git.holder import age_seconds
from mlgit.git.pack_removal import is_stale_index
from mlgit.git.promisor import program_in
from mlgit.git.reflock import VALUE
from mlgit.git.sharing import shared_mode
from mlgit.store.finding import Finding, amount

if TYPE_CHECKING:
    from mlgit.store.store import Store

_STALE_LOCK = 60.0  # seconds; git holds these for far less
_STALE_TEMPORARY = 24 * 3600.0
_LOCKS = ("packed-refs.lock", "config.lock", "shallow.lock", "index.lock", "HEAD.lock")


def stale_locks(store: Store) -> Iterator[Finding]:
    """Locks of git that a crash may have left."""
    common = store.repository.common_dir
    for path in (common / f"{store.branch.ref}.lock", *(common / name for name in _LOCKS)):
        age = age_seconds(path)
        if age > _STALE_LOCK:
            yield Finding(
                "stale-lock",
                "warning",
                f"{path} is {age / 60:.0f} minutes old; a crashed git may have left it",
                f"if no git command is running: rm {path}",
                {"path": str(path)},
            )


def empty_objects(store: Store) -> Iterator[Finding]:
    """Loose objects without content, as a power cut leaves those that were not made durable."""
    loose = _loose(store.repository.common_dir / "objects")
    empty = [found.path for found in loose if len(found.name) == 38 and _size(found) == 0]
    if empty:
        yield Finding(
            "empty-objects",
            "error",
            f"{amount(len(empty), 'object')} of git empty, as a power cut leaves them: {empty[0]}",
            "git fsck --full    (what it misses can be fetched from another clone)",
            {"paths": empty},
            "remove them, so that whole ones can come in their place",
        )


def temporary_files(store: Store) -> Iterator[Finding]:
    """Files that were never given their name."""
    loose = _loose(store.repository.common_dir / "objects")
    places = [Path(found.path) for found in loose if _is_temporary(found)]
    places += (store.data / "objects" / "tmp").glob("*")
    old = [str(path) for path in places if age_seconds(path) > _STALE_TEMPORARY]
    if old:
        yield Finding(
            "temporary-files",
            "note",
            f"{amount(len(old), 'temporary file')} left by crashes, such as {old[0]}",
            "git gc    (those below mlgit/data may be removed by hand)",
            {"paths": old},
            "remove them",
        )


def dead_writers(store: Store) -> Iterator[Finding]:
    """What a killed mlgit declared to lock, or has locked."""
    folder = store.state / "intents"
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    intents = [name for name in names if not name.endswith(VALUE)]
    old = [name for name in intents if age_seconds(folder / name) > _STALE_LOCK]
    if old:
        what = f"{amount(len(old), 'lock')} of writers that were killed, such as {folder / old[0]}"
        hint = "nothing to do: the next write removes them"
        yield Finding("dead-writer", "note", what, hint, {"names": old}, "remove them")


def pack_index(store: Store) -> Iterator[Finding]:
    """A multi-pack index that names packs that are gone, or cannot be read."""
    folder = store.repository.common_dir / "objects" / "pack"
    if is_stale_index(folder):
        path = folder / "multi-pack-index"
        what = f"{path} names packs that are gone, or cannot be read"
        yield Finding("pack-index", "error", what, f"rm {path}", {"path": str(path)}, "remove it")


def cache(store: Store) -> Iterator[Finding]:
    """An index of the runs that is no database any more."""
    import sqlite3

    path = store.cache / "index.db"
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said not in ("ok", "database is locked"):
        what = f"{path} is damaged: {said.splitlines()[0]}"
        hint = f"rm -r {store.cache}    (it is made anew)"
        yield Finding("cache", "warning", what, hint, {"path": str(path)}, "remove it")


def fetch_again(store: Store) -> str:
    """Have git bring every object of the branch once more; the name of the remote.

    Raises:
        NotFound: There is no remote, or its config would make git run another program.
        RemoteFailed: It cannot be reached, or has no such branch.
    """
    repository, branch = store.repository, store.branch.name
    remote = next(iter(repository.config.subsections("remote")), "")
    key = program_in(repository.config)
    if not remote or key:
        why = f"the config of this repository sets {key}" if key else "there is no remote"
        raise NotFound(f"nothing can be fetched: {why}", f"git fetch --refetch REMOTE {branch}")
    wanted = ["--refetch", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", remote]
    args = ["-c", "fetch.unpackLimit=1", "fetch", *wanted, f"refs/heads/{branch}"]
    where = repository.git_dir
    done = process.git(args, git_dir=where, work_tree=repository.work_tree, check=False)
    repository.objects.forget()
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise RemoteFailed(f"cannot fetch from {remote}: {said}", f"git fetch --refetch {remote}")
    return remote


def risky_settings(store: Store) -> Iterator[Finding]:
    """Settings of git that work against the store."""
    repository = store.repository
    if (repository.config_get("gc", "pruneexpire") or "").lower() in ("now", "all"):
        yield Finding(
            "prune-now",
            "warning",
            "gc.pruneExpire is `now`: git deletes what no branch names yet, also of other programs",
            "git config --unset gc.pruneExpire    (or with --global)",
        )
    shared = shared_mode(repository.config)
    if shared & ~(store.state.stat().st_mode if store.state.exists() else 0o777):
        yield Finding(
            "shared",
            "warning",
            f"core.sharedRepository opens this repository, but {store.state} is closed to others",
            f"chmod -R g+rwX {store.state} && find {store.state} -type d -exec chmod g+s '{{}}' +",
        )


def clone_kind(store: Store) -> Iterator[Finding]:
    """What kind of clone this is, where that matters: shallow, or a mirror."""
    repository = store.repository
    if (repository.common_dir / "shallow").exists():
        what = "the clone is shallow: the history of older runs is not here"
        yield Finding("shallow", "note", what, "git fetch --unshallow")
    for remote in repository.config.subsections("remote"):
        refspec = repository.config_get(f"remote.{remote}", "fetch") or ""
        target = refspec.partition(":")[2]
        if target.startswith("refs/heads") and store.branch.ref.startswith(target.rstrip("*")):
            yield Finding(
                "mirror",
                "warning",
                f"fetching from {remote} overwrites the local {store.branch.name} and its runs",
                f"git config remote.{remote}.fetch '+refs/heads/*:refs/remotes/{remote}/*'",
                {"remote": remote},
            )


def environment(_: Store) -> Iterator[Finding]:
    """What is installed on this machine."""
    if process.git_program() is None:
        yield Finding("no-git", "note", "the git program is not installed", "install git")
    import yaml

    if not yaml.__with_libyaml__:
        yield Finding(
            "no-libyaml",
            "note",
            "PyYAML is installed without libyaml: files edited by hand are read slowly",
            "pip install --force-reinstall pyyaml",
        )


def _loose(objects: Path) -> Iterator[os.DirEntry[str]]:
    """Loose objects and the temporary files beside them and beside packs."""
    for number in range(256):
        yield from _entries(objects / f"{number:02x}")
    yield from filter(_is_temporary, _entries(objects / "pack"))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return


def _is_temporary(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith("tmp_")


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 1
