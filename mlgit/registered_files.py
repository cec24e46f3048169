"""The files of a registered version: where they are, and that they are what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import Damaged, InvalidState, MlgitError
from mlgit.git.oid import is_oid
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue
from mlgit.registry.address import SCHEME, parse
from mlgit.registry.find import Found, find
from mlgit.registry.sight import sight
from mlgit.registry.source import RUNS, digest
from mlgit.store.snapshot import Snapshot
from mlgit.store.trees import Trees

if TYPE_CHECKING:
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.pointer import Alias
    from mlgit.registry.sight import Sight
    from mlgit.store.store import Store

_FAR = 20  # copies of copies


def is_registered(reference: str) -> bool:
    """Whether an address is of a registered version, not of a logged model."""
    return reference.startswith(SCHEME) and not reference.startswith(f"{SCHEME}m-")


def files_of(store: Store, reference: str) -> str:
    """Where the files of `models:/churn@production/some/path` are, as `runs:/ID/path` or so.

    An alias pins what was approved: what has another manifest since is not handed out.

    Raises:
        NotFound, InvalidValue: There is no such model, version or alias; it is no address.
        InvalidState: mlgit does not keep its files, or they are others than when it was approved.
        Damaged: The version's manifest is not what it was when it was registered.
    """
    address, inside = _split(reference)
    seen = sight(store)
    found = find(seen, parse(address))
    require_pinned(seen, found)
    source = _source(seen, found.version)
    _require_unchanged(seen, found, source)
    return "/".join(filter(None, (source.rstrip("/"), inside)))


def require_pinned(seen: Sight, found: Found) -> None:
    """Refuse a version whose files are listed otherwise than when it was registered or approved.

    Raises:
        InvalidState: The alias pins another manifest.
        Damaged: The manifest has other bytes than the version says.
    """
    version, alias = found.version, found.alias
    if alias is not None and (
        (alias.manifest and alias.manifest != version.manifest)
        or _origin(version) != _origin(_as_approved(seen, found, alias) or version)
    ):
        raise InvalidState(
            f"{found.model.name}@{alias.alias} was approved with other files than v{version.number}"
            " has now",
            f"mlgit model history {found.model.name}@{version.number}",
            pinned=alias.manifest,
            found=version.manifest,
        )
    _require_unchanged(seen, found, version.logged_model or version.run)


def _origin(version: ModelVersion) -> tuple[str, str, str]:
    """Where the files of a version are from; a landed version never changes it."""
    return version.source, version.run, version.logged_model


def _as_approved(seen: Sight, found: Found, alias: Alias) -> ModelVersion | None:
    """The version as the branch had it when the alias was decided; None where nobody can tell."""
    evidence = alias.evidence.encode("ascii", "replace")
    if not is_oid(evidence):
        return None
    then = Snapshot(Trees(seen.data.objects), evidence)
    try:
        version = catalogue.version(then, found.model.folder, alias.version)
    except MlgitError:  # a shallow clone, or one of another epoch: the manifest is what is left
        return None
    return version if version.uid == alias.uid else None


def _require_unchanged(seen: Sight, found: Found, source: str) -> None:
    """Refuse files that are listed otherwise than the version says, wherever it leads to."""
    version = found.version
    whole_id = source.removeprefix(RUNS).removeprefix(SCHEME).partition("/")[0]
    folder = seen.data.folder_of(whole_id) if version.manifest and whole_id else None
    if folder is not None and digest(seen.data, folder) != version.manifest:
        raise Damaged(
            f"the files of {found.model.name} v{version.number} are listed otherwise than when it "
            "was registered",
            f"git log mlgit -- {folder}/artifacts.yaml",
            path=f"{folder}/artifacts.yaml",
            reason="changed after the registration",
        )


def _source(seen: Sight, version: ModelVersion) -> str:
    """Where the files of a version are; a copy's where those of the version it copied are."""
    for _ in range(_FAR):
        if version.source.startswith((RUNS, f"{SCHEME}m-")):
            return version.source
        original = _copied_from(seen, version)
        if original is None:
            break
        version = original
    if version.logged_model:
        return f"{SCHEME}{version.logged_model}"
    if version.run:
        return f"{RUNS}{version.run}"
    raise InvalidState(
        f"mlgit does not keep the files of v{version.number}: they are at {version.source!r:.200}",
        "fetch them from there",
    )


def _copied_from(seen: Sight, version: ModelVersion) -> ModelVersion | None:
    """The version that one was copied from, also where that is deleted by now."""
    if not version.source.startswith(SCHEME):
        return None
    address = parse(version.source)
    model = catalogue.named(seen.data, address.model)
    there = catalogue.versions(seen.data, model.folder) if model else []
    found = next((one for one in there if one.number == address.version), None)
    if found is None or (found.status != DELETED and found.manifest != version.manifest):
        return None
    return found


def _split(reference: str) -> tuple[str, str]:
    """The address of a version, and the path behind it."""
    first, _, rest = reference.removeprefix(SCHEME).partition("/")
    if "@" in first or not rest:
        return SCHEME + first, rest.strip("/")
    which, _, inside = rest.partition("/")
    return f"{SCHEME}{first}/{which}", inside.strip("/")
