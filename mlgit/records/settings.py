"""What a team shares about its store: what `mlgit.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from mlgit.records import text
from mlgit.records.fields import (
    FORMAT,
    MALFORMED,
    NOTHING,
    Doc,
    count_of,
    flag_of,
    format_of,
    require_writable,
    served,
    unknown,
    value_to_text,
    with_unknown,
)

_KEYS = frozenset(["format", "remotes", "limits", "capture", "artifacts", "registry"])


class Limits(NamedTuple):
    """Sizes in bytes; a file of exactly the limit still passes.

    Attributes:
        inline_file: Largest artifact that is kept in git.
        inline_run: Largest sum of one run's artifacts kept in git.
        patch: Largest uncommitted diff that is kept.
        metrics: Compressed metric history of one run above which a down-sampled one stays in git.
    """

    inline_file: int = 100_000
    inline_run: int = 1_000_000
    patch: int = 1_000_000
    metrics: int = 10_000_000


class Capture(NamedTuple):
    """What runs record of their surroundings without being asked."""

    patch: bool = True
    host: bool = True
    user: bool = True
    environment: bool = True


class Artifacts(NamedTuple):
    """What is asked of the places that keep artifacts.

    Attributes:
        copies: On how many remotes the bytes of each shall be.
    """

    copies: int = 1


class Registry(NamedTuple):
    """Where the registry's pointers stand.

    Attributes:
        protected: Aliases, stages, policy and approvals are on a branch of their own; where that
            is not here, nobody knows what they are.
    """

    protected: bool = False


_Section = TypeVar("_Section", Limits, Capture, Artifacts, Registry)


class Settings(NamedTuple):
    """The settings of one store; `remotes` maps a name to the URL of an artifact store."""

    remotes: Mapping[str, str] = NOTHING
    limits: Limits = Limits()
    capture: Capture = Capture()
    artifacts: Artifacts = Artifacts()
    registry: Registry = Registry()
    extra: Mapping[str, Any] = NOTHING
    format: int = FORMAT


def dump_settings(settings: Settings) -> bytes:
    """`mlgit.yaml`; values that are the default are left out.

    Raises:
        errors.Unsupported: The settings were read from a newer format.
    """
    require_writable(settings.format)
    doc: Doc = {"format": settings.format}
    optional = {
        "remotes": _remotes_to_doc(settings),
        "limits": _changed(settings.limits, Limits()),
        "capture": _changed(settings.capture, Capture()),
        "artifacts": _changed(settings.artifacts, Artifacts()),
        "registry": _changed(settings.registry, Registry()),
    }
    doc.update((key, value) for key, value in optional.items() if value)
    return text.dump(with_unknown(doc, settings.extra))


def _remotes_to_doc(settings: Settings) -> Doc:
    kept = settings.extra.get("remotes", {})
    # A remote in conflict has no keys of its own: what was kept stands in its place.
    return {
        name: None if "sides" in kept.get(name, ()) else {"url": settings.remotes[name]}
        for name in sorted(settings.remotes)
    }


def _changed(section: _Section, default: _Section) -> Doc:
    pairs = section._asdict().items()
    return {name: value for name, value in pairs if value != getattr(default, name)}


def load_settings(data: bytes) -> Settings:
    """The settings that a `mlgit.yaml` holds.

    A setting that a merge left in conflict (`{base: …, sides: [...]}`) reads as its base; the
    conflict itself is kept in `extra`.

    Raises:
        errors.Damaged: Not settings.
    """
    doc = text.load(data)
    try:
        extra = unknown(doc, _KEYS)
        return Settings(
            remotes=_remotes(doc.get("remotes", {}), extra),
            limits=_section(Limits, doc.get("limits", {}), extra, "limits"),
            capture=_section(Capture, doc.get("capture", {}), extra, "capture"),
            artifacts=_section(Artifacts, doc.get("artifacts", {}), extra, "artifacts"),
            registry=_section(Registry, doc.get("registry", {}), extra, "registry"),
            extra=extra,
            format=format_of(doc),
        )
    except MALFORMED as error:
        from mlgit.records import schema

        raise schema.damage("settings", doc, error) from None


def _remotes(section: Doc, extra: Doc) -> dict[str, str]:
    found: dict[str, str] = {}
    kept: Doc = {}
    for name, entry in section.items():
        if "sides" in entry:
            kept[name] = entry
            found[name] = value_to_text(served(entry)["url"])
            continue
        if entry.keys() != {"url"}:
            kept[name] = unknown(entry, frozenset({"url"}))
        found[name] = value_to_text(entry["url"])
    if kept:
        extra["remotes"] = kept
    return found


def _section(kind: type[_Section], doc: Doc, extra: Doc, name: str) -> _Section:
    known = kind._fields
    check = flag_of if kind in (Capture, Registry) else count_of
    given: Doc = {}
    for key, value in doc.items():
        if key not in known or isinstance(value, dict):
            extra.setdefault(name, {})[key] = value
        if key in known:
            given[key] = check(served(value) if isinstance(value, dict) else value)
    return kind(**given)
