"""How people and URIs name a model, a version, an alias or a stage."""

from __future__ import annotations

from typing import NamedTuple

from mlgit.errors import InvalidValue
from mlgit.records.model_name import (
    LATEST,
    stage_of,
    validate_alias,
    validate_registered_name,
)

SCHEME = "models:/"


class Address(NamedTuple):
    """One of a model's versions, said by number, alias or stage; by none, the newest."""

    model: str
    version: int = 0
    alias: str = ""
    stage: str = ""

    def __str__(self) -> str:
        if self.stage:
            return f"{SCHEME}{self.model}/{self.stage}"
        which = self.alias or self.version
        return f"{self.model}@{which}" if which else self.model


def parse(text: str) -> Address:
    """What an address means.

    `churn`, `churn@latest`, `churn@5`, `churn@production`, and MLflow's `models:/churn/5`,
    `models:/churn/latest`, `models:/churn/Production`, `models:/churn@production`. A number may
    have the `?` with which a version is shown that has not landed.

    Raises:
        InvalidValue: It is none of these.
    """
    name, at, which = text.removeprefix(SCHEME).rpartition("@")
    if at:
        return _at(validate_registered_name(name), which)
    if not text.startswith(SCHEME):
        return Address(validate_registered_name(which))
    name, _, which = which.partition("/")
    return _below(validate_registered_name(name), which)


def _at(name: str, which: str) -> Address:
    number = _number(which)
    if number or which.lower() == LATEST:
        return Address(name, version=number)
    return Address(name, alias=validate_alias(which))


def _below(name: str, which: str) -> Address:
    number = _number(which)
    if number or which.lower() == LATEST:
        return Address(name, version=number)
    if not which:
        raise InvalidValue(
            f"models:/{name} names no version", f"models:/{name}/latest, or a number", name=name
        )
    return Address(name, stage=stage_of(which))


def _number(which: str) -> int:
    """The number from 1 that is meant; 0 for anything else."""
    digits = which.removesuffix("?")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0
