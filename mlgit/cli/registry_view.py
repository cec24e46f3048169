"""Registered models and versions as documents for programs and as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.cli.numbers import ago, counted
from mlgit.cli.table import Cell, Column
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue
from mlgit.registry.find import stage_name
from mlgit.registry.landed import is_landed
from mlgit.times import iso

if TYPE_CHECKING:
    from mlgit.cli.terminal import Terminal
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.pointer import Alias
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.sight import Sight
    from mlgit.store.store import Store


class Shown(NamedTuple):
    """A model with its versions that are not deleted, by number, and what points to them."""

    model: RegisteredModel
    versions: tuple[ModelVersion, ...]
    aliases: tuple[Alias, ...]
    stages: dict[str, str]

    def aliases_of(self, version: ModelVersion) -> list[str]:
        """The aliases that a version has; `!` after one that is contested."""
        return [
            one.alias + ("!" if one.contested else "")
            for one in self.aliases
            if one.uid == version.uid
        ]


def shown(sight: Sight, model: RegisteredModel) -> Shown:
    """A model with all that is said of it."""
    versions = catalogue.versions(sight.data, model.folder)
    stages = catalogue.stages(sight.guarded, model.folder)
    return Shown(
        model,
        tuple(one for one in versions if one.status != DELETED),
        tuple(catalogue.aliases(sight.guarded, model.folder)),
        {uid: stage_name(stage) for uid, stage in stages.items()},
    )


def model_document(one: Shown) -> dict[str, Any]:
    """A model: `aliases` maps each to the number of its version."""
    numbers = {version.uid: version.number for version in one.versions}
    return {
        "name": one.model.name,
        "versions": len(one.versions),
        "newest": one.versions[-1].number if one.versions else None,
        "aliases": {alias.alias: numbers.get(alias.uid) for alias in one.aliases},
        "created": iso(one.model.created),
        "updated": iso(one.model.updated),
        "lifecycle": one.model.lifecycle,
        "description": one.model.description,
        "tags": dict(one.model.tags),
    }


def version_document(store: Store, one: Shown, version: ModelVersion) -> dict[str, Any]:
    """A version, with the aliases and the stage that it has."""
    return {
        "model": one.model.name,
        "version": version.number,
        "provisional": not is_landed(store, one.model.folder, version),
        "uid": version.uid,
        "status": version.status,
        "aliases": one.aliases_of(version),
        "stage": one.stages.get(version.uid, "None"),
        "created": iso(version.created),
        "author": version.author,
        "run": version.run,
        "logged_model": version.logged_model,
        "source": version.source,
        "manifest": version.manifest,
        "signature": version.signature,
        "description": version.description,
        "tags": dict(version.tags),
        "renumbered_from": version.renumbered_from,
    }


def models_columns(found: Sequence[Shown], now: int) -> list[Column]:
    """A line for each model."""
    newest = [f"v{one.versions[-1].number}" if one.versions else "" for one in found]
    return [
        Column("MODEL", [Cell(one.model.name) for one in found], limit=40),
        Column("versions", [Cell(str(len(one.versions))) for one in found], right=True, rank=3),
        Column("newest", [Cell(text) for text in newest], right=True, rank=1),
        Column("aliases", [Cell(", ".join(_pointers(one))) for one in found], limit=60),
        Column("updated", [Cell(ago(one.model.updated, now)) for one in found], rank=2),
        Column("description", [Cell(_first(one.model.description)) for one in found], limit=60),
    ]


def versions_columns(documents: Sequence[dict[str, Any]], now: int) -> list[Column]:
    """A line for each version, the newest first; `?` after a number that has not landed."""
    from mlgit.times import from_iso

    rows = list(reversed(documents))
    numbers = [f"v{row['version']}" + ("?" if row["provisional"] else "") for row in rows]
    staged = any(row["stage"] != "None" for row in rows)
    stages = [Column("stage", [Cell(row["stage"]) for row in rows])] if staged else []
    return [
        Column("VERSION", [Cell(text) for text in numbers]),
        Column("aliases", [Cell(", ".join(row["aliases"]), ("bold",)) for row in rows], limit=40),
        *stages,
        Column("from", [Cell(_origin(row)) for row in rows], limit=40, rank=1),
        Column("when", [Cell(ago(from_iso(row["created"]), now)) for row in rows], rank=2),
        Column("by", [Cell(row["author"]) for row in rows], rank=3),
        Column("description", [Cell(_first(row["description"])) for row in rows], limit=60),
    ]


def version_page(row: dict[str, Any], terminal: Terminal, now: int) -> Iterator[str]:
    """Everything about one version."""
    from mlgit.times import from_iso

    number = f"v{row['version']}" + ("?" if row["provisional"] else "")
    yield terminal.paint(terminal.safe(f"{row['model']} {number}"), "bold")
    created = from_iso(row["created"])
    lines = {
        "aliases": ", ".join(row["aliases"]),
        "stage": row["stage"] if row["stage"] != "None" else "",
        "registered": f"{ago(created, now)} ({row['created'][:19].replace('T', ' ')} UTC)",
        "by": row["author"],
        "run": row["run"],
        "logged model": row["logged_model"],
        "source": row["source"],
        "manifest": row["manifest"],
        "uid": row["uid"],
        "status": "" if row["status"] == "READY" else row["status"],
        "number": "not landed: mlgit push" if row["provisional"] else "",
        "was": f"v{row['renumbered_from']}, before a merge" if row["renumbered_from"] else "",
        "tags": ", ".join(f"{key}={value}" for key, value in row["tags"].items()),
        "description": row["description"],
    }
    for label, text in lines.items():
        for index, line in enumerate(text.splitlines()):
            yield f"{'' if index else label:<13} {terminal.safe(line)}"


def summary(found: Sequence[Shown]) -> str:
    """How many there are."""
    versions = sum(len(one.versions) for one in found)
    return f"{counted(len(found), 'model')}, {counted(versions, 'version')}"


def _pointers(one: Shown) -> Iterator[str]:
    """`production v4`, for each alias."""
    numbers = {version.uid: f"v{version.number}" for version in one.versions}
    for alias in one.aliases:
        mark = "!" if alias.contested else ""
        yield f"{alias.alias} {numbers.get(alias.uid, 'not here')}{mark}"


def _origin(row: dict[str, Any]) -> str:
    return str(row["source"] or row["run"] or row["logged_model"])


def _first(text: str) -> str:
    return text.strip().partition("\n")[0]
