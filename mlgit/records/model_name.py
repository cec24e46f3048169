"""What a registered model and an alias may be called: MLflow's rules."""

from __future__ import annotations

import re
from posixpath import normpath

from mlgit import errors
from mlgit.records.names import CONTROL
from mlgit.records.pointer import STAGES

MAX_NAME = 256
MAX_ALIAS = 255
LATEST = "latest"
_alias = re.compile(r"[\w-]+").fullmatch
_reserved = re.compile(r"v?[0-9]+", re.ASCII).fullmatch


def validate_registered_name(name: object) -> str:
    """`name`, which a registered model may have.

    Raises:
        errors.InvalidValue: Empty, longer than 256 characters, with `/`, `:` or a control
            character, or a path in disguise.
    """
    if not isinstance(name, str) or not name.strip():
        raise errors.InvalidValue("a registered model needs a name")
    if len(name) > MAX_NAME:
        raise errors.InvalidValue(
            f"a model name of {len(name)} characters; {MAX_NAME} are allowed", name=name
        )
    if "/" in name or ":" in name or normpath(name) != name or name in (".", ".."):
        raise errors.InvalidValue(
            f"a model name cannot hold / or : and is no path: {name!r:.80}", name=name
        )
    if re.search(CONTROL, name):
        raise errors.InvalidValue(f"a model name cannot hold control characters: {name!r:.80}")
    return name


def validate_alias(alias: object) -> str:
    """`alias`, which a version may have.

    Raises:
        errors.InvalidValue: Not letters, digits, `_` and `-`, too long, or a word that means a
            version: `latest`, `v5`, `5`.
    """
    if not isinstance(alias, str) or not _alias(alias) or len(alias) > MAX_ALIAS:
        raise errors.InvalidValue(
            f"{alias!r:.80} cannot be an alias",
            f"use letters, digits, _ and -, at most {MAX_ALIAS} of them",
            alias=alias,
        )
    if alias.lower() == LATEST or _reserved(alias.lower()):
        raise errors.InvalidValue(
            f"{alias!r} cannot be an alias: it would be read as a version",
            "choose a word such as production",
            alias=alias,
        )
    return alias


def stage_of(word: object) -> str:
    """The stage that a word means, whatever its case.

    Raises:
        errors.InvalidValue: None of None, Staging, Production, Archived.
    """
    found = {stage.lower(): stage for stage in STAGES}.get(str(word).lower())
    if found is None:
        raise errors.InvalidValue(
            f"{word!r:.80} is no stage", f"one of {', '.join(STAGES)}", stage=word
        )
    return found
