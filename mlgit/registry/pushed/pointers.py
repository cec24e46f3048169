"""Aliases and stages that a push moves: by a gate where a policy has one, else by anybody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.records import layout
from mlgit.records.model_version import load_model_version
from mlgit.records.pointer import Alias, load_alias, load_stage
from mlgit.records.policy import ANY_MODEL, Policy
from mlgit.records.registered_model import load_registered_model
from mlgit.registry.pushed.ground import policy, read

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid
    from mlgit.git.tree import Entry, TreeChange
    from mlgit.records.layout import Located
    from mlgit.registry.pushed.history import Step

_ANY = "*"  # where two sides disagree, or nobody can tell


def is_gated(objects: Objects, step: Step, data: Oid | None, change: TreeChange) -> bool:
    """Whether the policy before the push has a gate for an alias or stage that changes.

    A model counts by its folder, too, so that nobody gets around a gate by renaming it.

    Raises:
        NotFound, Damaged, Unsupported: Policy, model or pointer cannot be read.
    """
    located = layout.parse_path(change.path)
    if located is None:
        return False
    rules = policy(objects, step.base)
    models = {ANY_MODEL} | {_model_name(objects, one, located) for one in (step.base, data)}

    def covers(model: str) -> bool:
        return model in models or layout.folder_name(model) == located.model

    if located.kind == "alias":
        return any(
            layout.folder_name(alias) == located.name and covers(model)
            for model, alias in rules.aliases
        )
    stages = {_stage(objects, entry) for entry in (change.old, change.new) if entry}
    return any(
        not stages.isdisjoint({stage, _ANY}) and covers(model) for model, stage in rules.stages
    )


def renames(objects: Objects, rules: Policy, change: TreeChange) -> Iterator[str]:
    """Why a changed `model.yaml` is refused: its old name has gates, which would not follow.

    Raises:
        NotFound, Damaged: One of them cannot be read.
    """
    if change.old is None or change.new is None:
        return
    both = (change.old, change.new)
    was, now = (load_registered_model(objects.blob(one.oid), "").name for one in both)
    if was != now and any(model == was for model, _ in (*rules.aliases, *rules.stages)):
        yield f"{change.path}: {was!r} has gates in {layout.POLICY}, which name it"


def misled(objects: Objects, data: Oid | None, change: TreeChange, located: Located) -> str:
    """Why an alias or stage leads nowhere; "" where it leads to a version of the data branch.

    Raises:
        NotFound, Damaged: The pointer or the version cannot be read.
    """
    if change.new is None:
        return ""
    content = objects.blob(change.new.oid)
    pointer = load_alias(content) if located.kind == "alias" else load_stage(content)
    if pointer is None or pointer.contested:
        return ""
    number = pointer.version if isinstance(pointer, Alias) else located.number
    if isinstance(pointer, Alias) and layout.folder_name(pointer.alias) != located.name:
        return f"{change.path} is not the file of the alias {pointer.alias!r}"
    path = layout.version_path(located.model, number)
    version = read(objects, data, path, partial(load_model_version, number=number))
    if version is None or version.uid != pointer.uid:
        return f"{change.path}: there is no version {number} with the uid {pointer.uid!r} here"
    pinned = pointer.manifest if isinstance(pointer, Alias) else ""
    if pinned and pinned != version.manifest:
        return f"{change.path}: version {number} has another manifest than the one pinned"
    return ""


def _model_name(objects: Objects, commit: Oid | None, located: Located) -> str:
    load = partial(load_registered_model, folder=located.model)
    found = read(objects, commit, layout.model_path(located.model), load)
    return found.name if found else ""


def _stage(objects: Objects, entry: Entry) -> str:
    """The stage that a file gives, in small letters."""
    try:
        found = load_stage(objects.blob(entry.oid))
    except Damaged:
        return _ANY
    return _ANY if found is None or found.contested else found.stage.lower()
