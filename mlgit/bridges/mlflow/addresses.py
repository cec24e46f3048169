"""The addresses of artifacts as MLflow passes them on: made when they are asked for, never kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from mlgit.errors import InvalidValue

SCHEME = "mlgit-artifacts:"
_PROXIED = re.compile(r"mlflow-artifacts:(?://[^/]*)?/((?:runs|models)/.+)").fullmatch
_MARK = "/@/"  # between the folder and what is meant there; no path of a file system needs it


class Place(NamedTuple):
    """A folder of artifacts.

    Attributes:
        folder: Of the repository.
        kind: `runs` or `models`.
        id: Of the run or logged model.
        path: Below its artifacts; "" for all of them.
    """

    folder: Path
    kind: str
    id: str
    path: str = ""


def of_run(folder: Path, run_id: str) -> str:
    """The address of a run's artifacts."""
    return f"{SCHEME}{quote(str(folder))}{_MARK}runs/{run_id}"


def of_model(folder: Path, model_id: str) -> str:
    """The address of a logged model's files."""
    return f"{SCHEME}{quote(str(folder))}{_MARK}models/{model_id}"


def below(root: str, kind: str, whole_id: str) -> str:
    """The address of artifacts of a store that is itself named by `mlgit-artifacts:/PATH`."""
    return f"{root.rstrip('/')}{_MARK}{kind}/{whole_id}"


def kept(address: str) -> str:
    """An address as the store keeps it: without the folder or server that it was reached by.

    `runs:/ID/path` or `models:/m-ID/path`; what is not ours stays as it is.

    Raises:
        InvalidValue: It looks like ours, and is none.
    """
    proxied = _PROXIED(address)
    if proxied:
        kind, _, rest = proxied[1].partition("/")
        return f"{kind}:/{rest}"
    if not address.startswith(SCHEME):
        return address
    place = parse(address)
    return "/".join(filter(None, (f"{place.kind}:/{place.id}", place.path)))


def is_store(address: str) -> bool:
    """Whether an address is that of a whole store."""
    return address.startswith(SCHEME) and _MARK not in address


def parse(address: str) -> Place:
    """What an address means.

    Raises:
        InvalidValue: It is none of ours.
    """
    where = address.removeprefix(SCHEME)
    where = where[2:] if where.startswith("///") else where  # as a URL has it, without a host
    folder, mark, rest = where.rpartition(_MARK)
    kind, _, named = rest.partition("/")
    whole_id, _, path = named.partition("/")
    if not (address.startswith(SCHEME) and mark and kind in ("runs", "models") and whole_id):
        raise InvalidValue(f"{address!r:.200} is no place of artifacts in a store")
    return Place(Path(unquote(folder) or "."), kind, whole_id, unquote(path).strip("/"))
