"""The registry's links: versions to runs, aliases and stages to versions, what is served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mlgit.errors import Damaged
from mlgit.records import layout, text

if TYPE_CHECKING:
    from mlgit.store.problem import Report, Severity
    from mlgit.store.snapshot import Snapshot

Doc = Mapping[str, Any]
_MODELS = "registry/models"
_MOST = 20_000  # records of one folder whose links are followed: more are nobody's registry


def check_registry(snapshot: Snapshot, report: Report, only: Set[str] | None = None) -> None:
    """Report links that lead nowhere; with `only`, of models and targets with a path in it.

    Files that cannot be read are left out: they are reported as files.
    """
    for name in _names(snapshot, _MODELS):
        if _is_wanted(f"{_MODELS}/{name}", only):
            model = _Model(snapshot, report, f"{_MODELS}/{name}")
            model.check_versions()
            model.check_pointers(snapshot)
    uids = _uids(snapshot) if _is_wanted("deployments", only) else set()
    for target in _names(snapshot, "deployments"):
        folder = f"deployments/{target}"
        for path, doc in _docs(snapshot, folder) if _is_wanted(folder, only) else ():
            if str(doc.get("uid")) not in uids:
                report.add(path, "no-version", "there is no version of that uid", "warning")


def check_pointers(guarded: Snapshot, data: Snapshot, report: Report) -> None:
    """Report aliases and stages of one branch that lead to no version of another."""
    for name in _names(guarded, _MODELS):
        _Model(data, report, f"{_MODELS}/{name}").check_pointers(guarded)


class _Model:
    """One registered model."""

    def __init__(self, snapshot: Snapshot, report: Report, folder: str) -> None:
        self._snapshot, self._report, self._folder = snapshot, report, folder
        found = ((_number(path), doc) for path, doc in _docs(snapshot, f"{folder}/versions"))
        self._versions = {number: doc for number, doc in found if number}
        self._by_uid = {str(doc.get("uid")): number for number, doc in self._versions.items()}

    def check_versions(self) -> None:
        for number, doc in self._versions.items():
            if doc.get("status") != "DELETED":
                self._version(f"{self._folder}/versions/{number}.yaml", doc)

    def check_pointers(self, guarded: Snapshot) -> None:
        for path, doc in _docs(guarded, f"{self._folder}/aliases"):
            self._target(path, doc, doc.get("version"))
        for path, doc in _docs(guarded, f"{self._folder}/stages"):
            self._target(path, doc, _number(path))

    def _version(self, path: str, doc: Doc) -> None:
        source = ""
        for key, code in (("run", "no-run"), ("logged_model", "no-model")):
            wanted = doc.get(key)
            found = self._snapshot.folder_of(str(wanted)) if wanted else None
            if wanted and found is None:
                self._add(path, code, f"{key}: there is no {wanted}", "warning")
            source = found or source
        data = (
            self._read(f"{source}/{layout.ARTIFACTS}") if source and doc.get("manifest") else None
        )
        if data is not None and f"sha256:{sha256(data).hexdigest()}" != doc.get("manifest"):
            what = f"manifest: {source}/{layout.ARTIFACTS} has other bytes"
            self._add(path, "manifest-differs", what)

    def _target(self, path: str, doc: Doc, number: object) -> None:
        """An alias or a stage: where it points, or nothing while it is in conflict."""
        if "sides" in doc:
            return
        version = self._versions.get(number) if type(number) is int else None
        if version is None or version.get("uid") != doc.get("uid"):
            right = self._by_uid.get(str(doc.get("uid")))
            what = f"version {number} is not the one of its uid" + (
                f"; {right} is" if right else ""
            )
            self._add(path, "no-version", what)
        elif doc.get("manifest") and doc["manifest"] != version.get("manifest"):
            self._add(path, "manifest-differs", f"manifest: not that of version {number}")

    def _read(self, path: str) -> bytes | None:
        try:
            return self._snapshot.read(path)
        except Damaged:
            return None

    def _add(self, path: str, code: str, what: str, severity: Severity = "error") -> None:
        self._report.add(path, code, what, severity)


def _uids(snapshot: Snapshot) -> set[str]:
    """The uid of every version of every model."""
    models = _names(snapshot, _MODELS)
    versions = (_docs(snapshot, f"{_MODELS}/{model}/versions") for model in models)
    return {str(doc.get("uid")) for found in versions for _, doc in found}


def _docs(snapshot: Snapshot, folder: str) -> Iterator[tuple[str, Doc]]:
    """Every record directly in a folder that can be read, with its path."""
    for name in _names(snapshot, folder)[:_MOST]:
        path = f"{folder}/{name}"
        try:
            data = snapshot.read(path) if layout.parse_path(path) else None
            if data is not None:
                yield path, text.load(data)
        except Damaged:
            continue


def _names(snapshot: Snapshot, folder: str) -> list[str]:
    try:
        return snapshot.names(folder)
    except Damaged:
        return []


def _number(path: str) -> int:
    located = layout.parse_path(path)
    return located.number if located else 0


def _is_wanted(path: str, only: Set[str] | None) -> bool:
    return only is None or path in only
