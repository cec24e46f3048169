"""What a path of the branch is."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mlgit import times
from mlgit.records.safe_names import PLAIN_FOLDER, PLAIN_ID, SLUG, is_device, safe_name, shard


class Located(NamedTuple):
    """One path of the branch, taken apart.

    Attributes:
        kind: The kind of file, as in `mlgit.records.schema`, or one of `metrics`, `inline`,
            `environment`, `patch`, `attributes`, `readme`.
        folder: The run's (or logged model's) folder, for files below one.
        experiment_folder: Its experiment's folder name below `runs/`.
        run_id: The id as it stands in the folder's name (hashed where it holds a `~`).
        model: The registered model's folder name.
        name: The file's path below `folder`; an alias; a deployment; who approved.
        number: A model version.
        target: The deployment target, or the proposal that was approved.
    """

    kind: str
    folder: str = ""
    experiment_folder: str = ""
    run_id: str = ""
    model: str = ""
    name: str = ""
    number: int = 0
    target: str = ""


_NAME = rf"(?:{PLAIN_FOLDER}|{SLUG}~[0-9a-f]{{8}})"
_ID = rf"(?:{PLAIN_ID}|{SLUG}~[0-9a-f]{{12}})"
_NUMBER = r"[1-9][0-9]{0,8}"
_MODEL = rf"registry/models/(?P<model>{_NAME})"
_RUN_FILE = (
    rf"(?P<folder>runs/(?P<experiment_folder>{_NAME})/(?P<day>[0-9]{{4}}-[01][0-9]-[0-3][0-9])"
    rf"/(?P<shard>[0-9a-f])/(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]-(?P<run_id>{_ID}))"
    r"/(?P<name>.+)"
)
_OTHERS = {
    "experiment": rf"runs/(?P<experiment_folder>{_NAME})/experiment\.yaml",
    "model": rf"{_MODEL}/model\.yaml",
    "version": rf"{_MODEL}/versions/(?P<number>{_NUMBER})\.yaml",
    "alias": rf"{_MODEL}/aliases/(?P<name>{_NAME})\.yaml",
    "stage": rf"{_MODEL}/stages/(?P<number>{_NUMBER})\.yaml",
    "deployment": rf"deployments/(?P<target>{_NAME})/(?P<name>{_NAME})\.yaml",
    "approval": rf"approvals/(?P<target>{_NAME})/(?P<name>{_NAME})\.yaml",
    "unshared": r"unshared/(?P<name>[0-9a-f]{16})\.yaml",
}
_segment = re.compile(r"metrics(?:\.[a-z0-9]{1,32}-(?:0|[1-9][0-9]{0,8}))?\.csv").fullmatch
_FIXED = {
    ".gitattributes": "attributes",
    "README.md": "readme",
    "mlgit.yaml": "settings",
    "registry/policy.yaml": "policy",
    "trust.yaml": "trust",
    "epoch.yaml": "epoch",
}
_RUN_FILES = {
    "run.yaml": "run",
    "inputs.yaml": "inputs",
    "artifacts.yaml": "artifacts",
    "environment.txt": "environment",
    "code.patch": "patch",
}
_MODEL_FILES = {"logged-model.yaml": "logged-model", "artifacts.yaml": "artifacts"}


def segment_order(name: str) -> tuple[str, int]:
    """Sorts metric files: the run's first, then each writer's by number."""
    if name == "metrics.csv":
        return "", 0
    writer, _, number = name.removeprefix("metrics.").removesuffix(".csv").rpartition("-")
    return writer, int(number)


def is_segment(name: str) -> bool:
    """Whether a file of this name below a run's folder holds metric points."""
    return _segment(name) is not None


def parse_path(path: str) -> Located | None:
    """What `path` of the branch is; None where no function of `layout` makes such a path."""
    if path in _FIXED:
        return Located(_FIXED[path])
    match = _fits(_RUN_FILE)(path)
    if match:
        return _below_run(match.groupdict())
    for kind, pattern in _OTHERS.items():
        match = _fits(pattern)(path)
        if match:
            return _named(kind, match.groupdict())
    return None


@lru_cache
def _fits(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """Compiled when first asked for: commands that only write never do."""
    return re.compile(pattern).fullmatch


def _named(kind: str, found: dict[str, str]) -> Located | None:
    if any(map(is_device, found.values())):
        return None
    return Located(
        kind,
        experiment_folder=found.get("experiment_folder", ""),
        model=found.get("model", ""),
        name=found.get("name", ""),
        number=int(found.get("number", 0)),
        target=found.get("target", ""),
    )


def _below_run(found: dict[str, str]) -> Located | None:
    day, digit = found.pop("day"), found.pop("shard")
    part, name = found["run_id"], found["name"]
    if is_device(found["experiment_folder"]) or not _real_day(day):
        return None
    if "~" not in part and shard(part) != digit:
        return None
    files = _MODEL_FILES if part.startswith("m-") else _RUN_FILES
    kind = files.get(name) or _other_kind(name)
    return (
        Located(kind, found["folder"], found["experiment_folder"], part, name=name)
        if kind
        else None
    )


def _other_kind(name: str) -> str:
    if is_segment(name):
        return "metrics"
    head, _, rest = name.partition("/")
    inline = head == "files" and rest and all(map(safe_name, rest.split("/")))
    return "inline" if inline else ""


@lru_cache(maxsize=4096)
def _real_day(day: str) -> bool:
    try:
        return times.from_iso(f"{day}T00:00:00.000Z") >= 0
    except ValueError:
        return False
