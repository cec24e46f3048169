"""Whose signatures count: what `trust.yaml` says. People write it, so it is only read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mlgit.records import text
from mlgit.records.fields import MALFORMED, NOTHING, Doc, format_of, name_of, require_writable


class Signer(NamedTuple):
    """A person and a key.

    Attributes:
        name: Who; one person may have several keys.
        key: A public key, as in an allowed-signers file: `ssh-ed25519 AAAA…`.
        may: What the key is good for: `approve`, `promote`; empty for both.
    """

    name: str
    key: str
    may: tuple[str, ...] = ()


class Trust(NamedTuple):
    """The signers of a store, and groups of their names; empty where nothing is signed."""

    signers: tuple[Signer, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = NOTHING

    def who_may(self, act: str) -> list[Signer]:
        """The keys that are good for an act."""
        return [one for one in self.signers if not one.may or act in one.may]

    def people(self, names: Iterable[str]) -> set[str]:
        """Names, with each group replaced by its people."""
        found: set[str] = set()
        for name in names:
            found.update(self.groups.get(name, (name,)))
        return found


def load_trust(data: bytes) -> Trust:
    """The signers that a `trust.yaml` names.

    Raises:
        errors.Damaged: Not such a list.
        errors.Unsupported: It is of a newer format.
    """
    doc = text.load(data)
    try:
        require_writable(format_of(doc))
        groups = doc.get("groups", {}).items()
        return Trust(
            tuple(map(_signer, doc.get("signers", ()))),
            {str(name): tuple(map(name_of, people)) for name, people in groups},
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("trust", doc, error) from None


def _signer(doc: Doc) -> Signer:
    return Signer(
        name_of(doc["name"]), name_of(doc["key"]), tuple(map(name_of, doc.get("may", ())))
    )
