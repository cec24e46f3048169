"""What the doctor may put right by itself: nothing that holds the only copy of anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import InvalidState, MlgitError, StorageFailed
from mlgit.git.loose import is_damaged
from mlgit.git.pack import remove_read_only
from mlgit.git.pack_removal import forget_stale_index
from mlgit.git.reflock import clear_dead
from mlgit.store.doctor import git
from mlgit.store.doctor.mend import bring_back, summarize_again
from mlgit.store.doctor.ref import KEPT, set_again
from mlgit.store.finding import Finding, amount

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.store.store import Store


class Fixed(NamedTuple):
    """One repair: what was done, or why it could not be."""

    code: str
    done: str
    problem: MlgitError | None = None


def fix(store: Store, findings: Sequence[Finding]) -> list[Fixed]:
    """Repair what can be, one finding after the other; what fails does not stop the others."""
    return [_fixed(store, finding) for finding in findings if finding.fix]


def _fixed(store: Store, finding: Finding) -> Fixed:
    try:
        return Fixed(finding.code, _FIXES[finding.code](store, finding))
    except MlgitError as error:
        return Fixed(finding.code, "", error)
    except OSError as error:
        problem = StorageFailed(f"cannot change {error.filename}: {error.strerror}")
        return Fixed(finding.code, "", problem)


def _remove_files(_: Store, finding: Finding) -> str:
    paths = finding.facts["paths"]
    assert isinstance(paths, list)
    for path in paths:
        remove_read_only(Path(path))
    return f"removed {amount(len(paths), 'file')}"


def _clear_locks(store: Store, finding: Finding) -> str:
    clear_dead(store.repository.common_dir, store.state / "intents")
    if any(git.dead_writers(store)):
        raise InvalidState(finding.what, finding.hint)
    return "removed what dead writers held"


def _forget_index(store: Store, _: Finding) -> str:
    forget_stale_index(store.repository.common_dir / "objects" / "pack")
    return "removed it; git makes it anew"


def _empty_cache(store: Store, _: Finding) -> str:
    shutil.rmtree(store.cache)
    return "removed it; the next command makes it anew"


def _fetch(store: Store, _: Finding) -> str:
    aside = _set_aside(store)
    remote = git.fetch_again(store)
    kept = f"; {amount(aside, 'damaged file')} kept in {store.data / KEPT}" if aside else ""
    return f"fetched everything from {remote} again{kept}"


def _set_aside(store: Store) -> int:
    """Move damaged loose objects where git does not stumble over them; how many there were."""
    objects = store.repository.common_dir / "objects"
    names = (path for path in objects.glob("[0-9a-f][0-9a-f]/*") if len(path.name) == 38)
    damaged = [path for path in names if is_damaged(str(objects), _oid(path))]
    store.make_folders()
    (store.data / KEPT).mkdir(exist_ok=True)
    for path in damaged:
        path.replace(store.data / KEPT / _oid(path).decode())
    return len(damaged)


def _oid(path: Path) -> Oid:
    return f"{path.parent.name}{path.name}".encode()


_FIXES: Mapping[str, Callable[[Store, Finding], str]] = {
    "damaged-ref": set_again,
    "dead-writer": _clear_locks,
    "empty-objects": _remove_files,
    "temporary-files": _remove_files,
    "pack-index": _forget_index,
    "cache": _empty_cache,
    "missing-objects": _fetch,
    "summary": summarize_again,
    "invalid": bring_back,
}
