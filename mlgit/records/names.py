"""What may be a key, a name, an id and a value: MLflow's rules, as its SQL store applies them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import normpath
from typing import NamedTuple

from mlgit import errors
from mlgit.records.words import ADJECTIVES, ANIMALS

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
MAX_TAG_VALUE = 8000
MAX_EXPERIMENT_TAG_VALUE = 20_000
MAX_EXPERIMENT_NAME = 500
MAX_RUN_NAME = 250
MAX_MODEL_NAME = 500
NOT_IN_MODEL_NAMES = "/:.%\"'"
MAX_STEP = 10**18 - 1  # what the file format can spell

_key = re.compile(r"[/\w.\- :]*").fullmatch
_RUN_ID = r"[a-zA-Z0-9][\w\-]{0,255}"
CONTROL = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"


class Truncated(NamedTuple):
    """A value that was cut to the length that MLflow allows."""

    kind: str
    key: str
    length: int
    limit: int

    def __str__(self) -> str:
        return f"{self.kind} {self.key!r} has {self.length} characters; cut to {self.limit}"


def validate_key(kind: str, key: object) -> str:
    """`key`, which must be one for a "metric", "param" or "tag".

    Raises:
        errors.InvalidValue: Empty, too long, outside the character set, or a path in disguise.
    """
    if not isinstance(key, str) or not key:
        raise errors.InvalidValue(f"a {kind} needs a name, not {key!r:.60}", kind=kind, key=key)
    if len(key) > MAX_KEY:
        raise errors.InvalidValue(
            f"the {kind} name {key[:40]!r}… has {len(key)} characters; {MAX_KEY} are allowed",
            kind=kind,
            key=key,
        )
    if not _key(key):
        raise errors.InvalidValue(
            f"the {kind} name {key!r} has a character that is not allowed",
            "use letters, digits, _ - . / : and spaces",
            kind=kind,
            key=key,
        )
    if normpath(key) != key or key == "." or key.startswith(("..", "/")):
        raise errors.InvalidValue(
            f"the {kind} name {key!r} reads as a path that leads elsewhere",
            f"try {normpath('/' + key).strip('/.')!r}",
            kind=kind,
            key=key,
        )
    return key


def param_value(key: str, value: object) -> tuple[str, Truncated | None]:
    """A parameter's text, cut to MLflow's 6,000 characters; the second item says that it was."""
    return _cut("param", key, str(value), MAX_PARAM_VALUE)


def tag_value(key: str, value: object) -> tuple[str, Truncated | None]:
    """A run tag's text, cut to MLflow's 8,000 characters; the second item says that it was."""
    return _cut("tag", key, str(value), MAX_TAG_VALUE)


def _cut(kind: str, key: str, text: str, limit: int) -> tuple[str, Truncated | None]:
    if len(text) <= limit:
        return text, None
    return text[:limit], Truncated(kind, key, len(text), limit)


def experiment_tag_value(key: str, value: object) -> str:
    """An experiment tag's text.

    Raises:
        errors.InvalidValue: Longer than 20,000 characters.
    """
    text = str(value)
    if len(text) > MAX_EXPERIMENT_TAG_VALUE:
        raise errors.InvalidValue(
            f"the tag {key!r} has {len(text)} characters; {MAX_EXPERIMENT_TAG_VALUE} are allowed",
            key=key,
        )
    return text


def metric_value(key: str, value: object) -> float:
    """A metric's number, as MLflow's client reads it; NaN and infinities are numbers, true is 1.0.

    An array or tensor of one element, of any shape, counts as that element, "0.5" as 0.5.

    Raises:
        errors.InvalidValue: Not a number.
    """
    try:
        item = getattr(value, "item", None)
        return float(item() if callable(item) else value)  # type: ignore[arg-type]
    except Exception as error:  # of many kinds: each library of tensors refuses in its own way
        raise errors.InvalidValue(
            f"the metric {key!r} needs a number, not {value!r:.60}", key=key, value=value
        ) from error


def step_value(step: object) -> int:
    """A step as a whole number; a fraction is dropped, as MLflow does.

    Raises:
        errors.InvalidValue: Not a number of at most 18 digits.
    """
    try:
        whole = int(step)  # type: ignore[call-overload]  # whatever has __int__
    except (TypeError, ValueError, OverflowError):
        whole = None
    if whole is None or abs(whole) > MAX_STEP:
        raise errors.InvalidValue(
            f"a step is a whole number of at most 18 digits, not {step!r:.60}"
        )
    return int(whole)


def timestamp_value(timestamp: object) -> int:
    """A point's time as whole milliseconds UTC.

    Raises:
        errors.InvalidValue: Not a number, negative, or of more than 18 digits.
    """
    whole = step_value(timestamp)
    if whole < 0:
        raise errors.InvalidValue(f"a timestamp is milliseconds since 1970, not {timestamp!r:.60}")
    return whole


def validate_run_id(run_id: object) -> str:
    """`run_id`, new (16 hex digits) or brought along from an import.

    Raises:
        errors.InvalidValue: Not a letter or digit followed by up to 255 word characters or dashes.
    """
    if not isinstance(run_id, str) or not re.fullmatch(_RUN_ID, run_id):
        raise errors.InvalidValue(f"not a run id: {run_id!r:.80}", "run ids are 16 hex digits")
    return run_id


def validate_experiment_name(name: object) -> str:
    """`name`, which an experiment may have.

    Raises:
        errors.InvalidValue: Empty, longer than 500 characters, or with control characters.
    """
    return _name("an experiment name", name, MAX_EXPERIMENT_NAME)


def validate_run_name(name: object) -> str:
    """`name`, which a run may have.

    Raises:
        errors.InvalidValue: Empty, longer than 250 characters, or with control characters.
    """
    return _name("a run name", name, MAX_RUN_NAME)


def validate_model_name(name: object) -> str:
    """`name`, which a logged model may have.

    Raises:
        errors.InvalidValue: Empty, longer than 500 characters, or with one of `/ : . % " '` or a
            control character.
    """
    found = _name("a model name", name, MAX_MODEL_NAME)
    if set(found) & set(NOT_IN_MODEL_NAMES):
        raise errors.InvalidValue(
            f"a model name cannot hold any of {' '.join(NOT_IN_MODEL_NAMES)}: {found!r:.80}",
            name=found,
        )
    return found


def _name(what: str, name: object, limit: int) -> str:
    if not isinstance(name, str) or not name.strip():
        raise errors.InvalidValue(f"{what} cannot be empty")
    if len(name) > limit:
        raise errors.InvalidValue(f"{what} of {len(name)} characters; {limit} are allowed")
    if re.search(CONTROL, name):
        raise errors.InvalidValue(f"{what} cannot hold control characters: {name!r:.80}")
    return name


def human_name(chance: Sequence[int]) -> str:
    """A run name such as `brisk-otter-12` from three random bytes."""
    adjective, animal, number = chance[:3]
    return f"{ADJECTIVES[adjective % len(ADJECTIVES)]}-{ANIMALS[animal % 128]}-{number % 100}"
