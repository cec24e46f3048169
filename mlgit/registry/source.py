"""What a version is made from: a run's files, a logged model, another version, or a URL."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged, InvalidState, InvalidValue, NotFound
from mlgit.records import layout, text
from mlgit.records.artifact_path import is_safe_path
from mlgit.records.logged_model import load_logged_model
from mlgit.records.schema_rules import URL
from mlgit.registry.address import SCHEME, parse
from mlgit.registry.find import find
from mlgit.registry.versions import Request, copied
from mlgit.store.snapshot import parsed

if TYPE_CHECKING:
    from mlgit.registry.sight import Sight
    from mlgit.store.snapshot import Snapshot

RUNS = "runs:/"
_MLMODEL = "MLmodel"
_SIGNATURE = ("inputs", "outputs", "params")


def request_of(sight: Sight, source: str) -> Request:
    """A version of what an address means, with its lineage; nothing of it is loaded.

    `runs:/ID` or `runs:/ID/path`, `models:/m-ID`, `models:/churn/3` (a copy); anything else is
    kept as it is, and nothing is known of its bytes.

    Raises:
        NotFound: There is no such run, path, logged model or version on the branch.
        InvalidState: The run, or its logged model, is deleted.
        InvalidValue: It cannot be an address, or holds a password.
    """
    if source.startswith(RUNS):
        run_id, _, path = source.removeprefix(RUNS).lstrip("/").partition("/")
        return of_run(sight.data, run_id, path.strip("/"))
    if source.startswith(f"{SCHEME}m-"):
        return of_logged_model(sight.data, source.removeprefix(SCHEME))
    if source.startswith(SCHEME):
        found = find(sight, parse(source), strict=True)
        return copied(found.model, found.version)
    if not URL.fits(source):
        shown = re.sub("//[^/]*@", "//", source)  # what stands there may be a password
        raise InvalidValue(
            f"{shown!r:.200} is not what a version can be made from",
            "runs:/ID/model, models:/m-ID, models:/NAME/3, or a URL without a password",
        )
    return Request(source=source)


def of_run(data: Snapshot, run_id: str, path: str = "") -> Request:
    """A version of the artifacts of a run, or of those below one path.

    Raises:
        NotFound: The branch has no such run, or the run has no such artifacts.
        InvalidState: The run is deleted.
        InvalidValue: The path leads elsewhere.
    """
    folder = _folder(data, run_id, "run")
    run = data.run(folder)
    if run.lifecycle != "active":
        raise InvalidState(f"the run {run_id} is deleted", f"mlgit restore {run_id}", id=run_id)
    if path and not is_safe_path(path):
        raise InvalidValue(f"{path!r:.80} is not a path below a run's artifacts", path=path)
    there = [entry.path for entry in data.manifest(folder)]
    if not any(not path or one == path or one.startswith(f"{path}/") for one in there):
        what = f"no artifact {path!r}" if path else "no artifacts"
        raise NotFound(
            f"the run {run_id} has {what}", f"mlgit artifact ls {run_id}", candidates=there[:5]
        )
    source = f"{RUNS}{run_id}/{path}" if path else f"{RUNS}{run_id}"
    return Request(
        run=run_id,
        source=source,
        manifest=digest(data, folder),
        signature=signature(data, folder, path),
    )


def of_logged_model(data: Snapshot, model_id: str) -> Request:
    """A version that is a logged model.

    Raises:
        NotFound: The branch has none of that id.
        InvalidState: It is deleted.
    """
    folder = _folder(data, model_id, "logged model")
    path = f"{folder}/{layout.LOGGED_MODEL}"
    record = data.read(path)
    if record is None:
        raise NotFound(f"there is no logged model {model_id!r}", id=model_id)
    model = parsed(path, record, load_logged_model)
    if model.lifecycle != "active":
        raise InvalidState(f"the logged model {model.id} is deleted", id=model.id)
    return Request(
        run=model.source_run,
        logged_model=model.id,
        source=f"{SCHEME}{model.id}",
        manifest=digest(data, folder),
        signature=signature(data, folder, ""),
    )


def digest(data: Snapshot, folder: str) -> str:
    """`sha256:` and the digest of a manifest's bytes; "" where there is none."""
    manifest = data.read(f"{folder}/{layout.ARTIFACTS}")
    return "" if manifest is None else f"sha256:{sha256(manifest).hexdigest()}"


def signature(data: Snapshot, folder: str, path: str) -> str:
    """Inputs and outputs as JSON text, from the MLmodel file where git keeps it; else ""."""
    wanted = f"{path}/{_MLMODEL}" if path else _MLMODEL
    found = next((one for one in data.manifest(folder) if one.path == wanted and one.inline), None)
    with suppress(Damaged, InvalidValue):
        written = data.read(f"{folder}/{found.inline}") if found else None
        said: Any = text.load(written).get("signature") if written else None
        if isinstance(said, dict):
            known = {key: said[key] for key in _SIGNATURE if said.get(key)}
            return json.dumps(known, ensure_ascii=False) if known else ""
    return ""


def _folder(data: Snapshot, whole_id: str, what: str) -> str:
    folder = data.folder_of(whole_id)
    if folder is None:
        raise NotFound(
            f"the branch has no {what} {whole_id!r:.80}",
            "end the run first: a version needs files that do not change any more"
            if what == "run"
            else "mlgit show RUN lists the models of a run",
            id=whole_id,
        )
    return folder
