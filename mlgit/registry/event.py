"""What a change of one file of the registry means to whoever deploys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mlgit.errors import Damaged, Unsupported
from mlgit.records.model_version import DELETED, ModelVersion, load_model_version
from mlgit.records.pointer import load_alias, load_stage

if TYPE_CHECKING:
    from mlgit.records.layout import Located

#: Kinds of files that tell something, in the order in which things need each other.
TELLING = ("policy", "model", "version", "alias", "stage")
T = TypeVar("T")


class Event(NamedTuple):
    """One thing that a commit did to the registry.

    Attributes:
        event: model-created, version-registered, version-deleted, alias-set, alias-moved,
            alias-deleted, stage-changed or policy-changed.
        model: The name of the model.
        name: The alias, or the stage that the version is in now.
        from_version: Of an alias: the number it had.
        to_version: The number that it has now, or of the version that this is about.
        uid: The version; of an alias that was deleted, the one it had.
        manifest: What was approved: `sha256:` and a digest, or "".
        commit: The commit that did it, 40 hex digits.
    """

    event: str
    model: str = ""
    name: str = ""
    from_version: int | None = None
    to_version: int | None = None
    uid: str = ""
    manifest: str = ""
    commit: str = ""


class Pair(NamedTuple):
    """One file, of a kind in `TELLING`, before and after; None where it is no file."""

    located: Located
    old: bytes | None
    new: bytes | None

    def uids(self) -> tuple[str, str]:
        """The version that the file of one was before and is after; "" where none."""
        old, new = _version(self, self.old), _version(self, self.new)
        return old.uid if old else "", new.uid if new else ""


def event_of(pair: Pair) -> Event | None:
    """What a change means; None where nobody needs to hear of it, or it cannot be read."""
    return _EVENTS[pair.located.kind](pair)


def read(data: bytes | None, load: Callable[[bytes], T | None]) -> T | None:
    """A record, or None where there is none that can be read."""
    if data is not None:
        with suppress(Damaged, Unsupported):
            return load(data)
    return None


def _version(pair: Pair, data: bytes | None) -> ModelVersion | None:
    return read(data, lambda text: load_model_version(text, pair.located.number))


def _of_policy(_: Pair) -> Event:
    return Event("policy-changed")


def _of_model(pair: Pair) -> Event | None:
    return Event("model-created") if pair.old is None else None


def _of_version(pair: Pair) -> Event | None:
    old, new = _live(_version(pair, pair.old)), _live(_version(pair, pair.new))
    readable = pair.new is None or _version(pair, pair.new) is not None
    if new is not None and (old is None or old.uid != new.uid):
        kind, known = "version-registered", new
    elif old is not None and new is None and readable:
        kind, known = "version-deleted", old
    else:
        return None
    number = pair.located.number
    return Event(kind, to_version=number, uid=known.uid, manifest=known.manifest)


def _live(version: ModelVersion | None) -> ModelVersion | None:
    return version if version is not None and version.status != DELETED else None


def _of_alias(pair: Pair) -> Event | None:
    old, new = read(pair.old, load_alias), read(pair.new, load_alias)
    before = old.version if old else None
    if new is None:
        gone = old is not None and pair.new is None
        return (
            Event("alias-deleted", "", old.alias, before, None, old.uid) if old and gone else None
        )
    if old is not None and (old.uid, old.manifest) == (new.uid, new.manifest):
        return None
    kind = "alias-moved" if old else "alias-set"
    return Event(kind, "", new.alias, before, new.version, new.uid, new.manifest)


def _of_stage(pair: Pair) -> Event | None:
    old, new = read(pair.old, load_stage), read(pair.new, load_stage)
    if new is None or (old is not None and (old.uid, old.stage) == (new.uid, new.stage)):
        return None
    return Event("stage-changed", name=new.stage, to_version=pair.located.number, uid=new.uid)


_EVENTS: dict[str, Callable[[Pair], Event | None]] = {
    "policy": _of_policy,
    "model": _of_model,
    "version": _of_version,
    "alias": _of_alias,
    "stage": _of_stage,
}
