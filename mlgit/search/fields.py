"""What can be searched: prefixes, attributes and their aliases, for runs and for experiments."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from mlgit.search.expression import Field, Kind


class Type(Enum):
    """How the values of a field compare."""

    NUMBER = "a number"
    MIXED = "text, or a number where the text is one"
    TEXT = "text"
    STATUS = "a status"
    TIME = "a time"
    DURATION = "a duration"


class Vocabulary(NamedTuple):
    """The names that one kind of record answers to.

    Attributes:
        prefixes: Every spelling before the dot, such as `metrics` and `metric`.
        attributes: Each attribute's one name and its type.
        aliases: Other spellings of attributes.
        system_tags: Reserved tags that are attributes, so both names find the same.
    """

    prefixes: Mapping[str, Kind]
    attributes: Mapping[str, Type]
    aliases: Mapping[str, str]
    system_tags: Mapping[str, str]

    def attribute(self, name: str) -> Field | None:
        """The attribute of that name or alias, in any case."""
        name = name.lower().replace(" ", "_")
        name = self.aliases.get(name, name)
        return Field(Kind.ATTRIBUTE, name) if name in self.attributes else None

    def field(self, prefix: str, key: str) -> Field | None:
        """The field `prefix.key`, or None where there can be none."""
        kind = self.prefixes.get(prefix.lower())
        if kind is Kind.ATTRIBUTE:
            return self.attribute(key)
        if kind is Kind.DATASET and key not in DATASET_KEYS:
            return None
        if kind is Kind.TAG and key in self.system_tags:
            return Field(Kind.ATTRIBUTE, self.system_tags[key])
        return Field(kind, key) if kind and key else None

    def type_of(self, field: Field) -> Type:
        """How values of `field` compare."""
        if field.kind is Kind.ATTRIBUTE:
            return self.attributes[field.key]
        return _TYPES[field.kind]


DATASET_KEYS = ("name", "digest", "context")
_TYPES = {
    Kind.METRIC: Type.NUMBER,
    Kind.PARAM: Type.MIXED,
    Kind.TAG: Type.MIXED,
    Kind.DATASET: Type.TEXT,
}
_ATTRIBUTE_PREFIXES = dict.fromkeys(("attribute", "attributes", "attr", "run"), Kind.ATTRIBUTE)
_TAG_PREFIXES = dict.fromkeys(("tag", "tags"), Kind.TAG)

RUNS = Vocabulary(
    prefixes={
        **dict.fromkeys(("metric", "metrics"), Kind.METRIC),
        **dict.fromkeys(("param", "params", "parameter", "parameters"), Kind.PARAM),
        **dict.fromkeys(("dataset", "datasets"), Kind.DATASET),
        **_TAG_PREFIXES,
        **_ATTRIBUTE_PREFIXES,
    },
    attributes={
        "run_id": Type.TEXT,
        "run_name": Type.TEXT,
        "status": Type.STATUS,
        "start_time": Type.TIME,
        "end_time": Type.TIME,
        "duration": Type.DURATION,
        "experiment": Type.TEXT,
        "experiment_id": Type.TEXT,
        "user_id": Type.TEXT,
        "host": Type.TEXT,
        "parent": Type.TEXT,
        "note": Type.TEXT,
        "commit": Type.TEXT,
        "branch": Type.TEXT,
        "repository": Type.TEXT,
        "dirty": Type.TEXT,
        "source_name": Type.TEXT,
        "source_type": Type.TEXT,
        "entry_point": Type.TEXT,
        "artifact_uri": Type.TEXT,
    },
    aliases={
        "id": "run_id",
        "name": "run_name",
        "user": "user_id",
        "start": "start_time",
        "end": "end_time",
        "created": "start_time",
        "experiment_name": "experiment",
    },
    system_tags={
        "mlflow.runName": "run_name",
        "mlflow.user": "user_id",
        "mlflow.note.content": "note",
        "mlflow.parentRunId": "parent",
        "mlflow.source.name": "source_name",
        "mlflow.source.type": "source_type",
        "mlflow.project.entryPoint": "entry_point",
        "mlflow.source.git.commit": "commit",
        "mlflow.source.git.branch": "branch",
        "mlflow.source.git.repoURL": "repository",
        "mlflow.source.git.dirty": "dirty",
    },
)

EXPERIMENTS = Vocabulary(
    prefixes={**_TAG_PREFIXES, **_ATTRIBUTE_PREFIXES, "experiment": Kind.ATTRIBUTE},
    attributes={
        "experiment_id": Type.TEXT,
        "name": Type.TEXT,
        "creation_time": Type.TIME,
        "last_update_time": Type.TIME,
        "note": Type.TEXT,
    },
    aliases={"id": "experiment_id", "created": "creation_time", "updated": "last_update_time"},
    system_tags={"mlflow.note.content": "note"},
)

MODELS = Vocabulary(
    prefixes={**_TAG_PREFIXES, **_ATTRIBUTE_PREFIXES},
    attributes={
        "name": Type.TEXT,
        "description": Type.TEXT,
        "creation_timestamp": Type.TIME,
        "last_updated_timestamp": Type.TIME,
    },
    aliases={
        "created": "creation_timestamp",
        "updated": "last_updated_timestamp",
        "timestamp": "last_updated_timestamp",
    },
    system_tags={},
)

VERSIONS = Vocabulary(
    prefixes=MODELS.prefixes,
    attributes={
        **MODELS.attributes,
        "version_number": Type.NUMBER,
        "run_id": Type.TEXT,
        "source_path": Type.TEXT,
        "status": Type.TEXT,
        "current_stage": Type.TEXT,
        "user_id": Type.TEXT,
        "uid": Type.TEXT,
    },
    aliases={
        **MODELS.aliases,
        "version": "version_number",
        "source": "source_path",
        "stage": "current_stage",
        "user": "user_id",
    },
    system_tags={},
)

LOGGED_MODELS = Vocabulary(
    prefixes={key: kind for key, kind in RUNS.prefixes.items() if kind is not Kind.DATASET},
    attributes={
        "name": Type.TEXT,
        "model_id": Type.TEXT,
        "model_type": Type.TEXT,
        "status": Type.TEXT,
        "source_run_id": Type.TEXT,
        "creation_timestamp": Type.TIME,
        "last_updated_timestamp": Type.TIME,
    },
    aliases={
        "creation_time": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
    },
    system_tags={},
)
