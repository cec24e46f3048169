"""The rules of a version's bytes: the pinned manifest, copies on remotes, what callers rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlgit.registry.gate.verdict import WARN, Result, failed, passed

if TYPE_CHECKING:
    from mlgit.records.policy import Gate
    from mlgit.registry.gate.facts import Facts
    from mlgit.registry.gate.verdict import Question

_SHOWN = 3  # artifacts in trouble that are named


def pin_results(pinned: str, candidate: Facts) -> Iterator[Result]:
    """Whether what is pinned is what the version says, and what its files are."""
    version = candidate.version
    if pinned != version.manifest:
        yield failed(
            "manifest", f"it pins {_short(pinned)}, the version has {_short(version.manifest)}"
        )
    elif version.manifest and candidate.digest != version.manifest:
        yield failed(
            "manifest",
            f"the version has {_short(version.manifest)}, but its artifacts.yaml is "
            f"{_short(candidate.digest)}: it was changed after the registration",
        )
    elif version.manifest:
        yield passed("manifest", f"pinned and unchanged: {_short(pinned)}")


def artifact_results(gate: Gate, candidate: Facts, question: Question) -> Iterator[Result]:
    """Whether every byte is on enough remotes and is the right one."""
    if not gate.artifacts:
        return
    if not candidate.version.manifest:
        yield failed("artifacts", "the version pins no manifest: its bytes are not known")
        return
    copies = question.held(candidate.folder)
    if copies is None:
        yield failed("artifacts", "nobody could look at the remotes from here")
    elif copies.trouble:
        more = len(copies.trouble) - _SHOWN
        shown = "; ".join(copies.trouble[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        yield failed("artifacts", shown)
    elif copies.least < gate.copies:
        yield failed("artifacts", f"on {copies.least} of the {gate.copies} remotes asked for")
    else:
        where = f"on {copies.least} remotes or in git"
        yield passed("artifacts", f"{copies.files} files, {copies.size} bytes, verified {where}")


def signature_results(gate: Gate, candidate: Facts, current: Facts | None) -> Iterator[Result]:
    """Whether whoever calls the version in place can call the candidate."""
    if not gate.signature or current is None:
        return
    ours, theirs = (_fields(one.version.signature) for one in (candidate, current))
    if theirs is None:
        yield Result("signature", WARN, "the version in place has none to keep to")
    elif ours is None:
        yield failed("signature", "the candidate has none, the version in place has one")
    else:
        wrong = [*_inputs(ours, theirs), *_outputs(ours, theirs)]
        yield (
            failed("signature", "; ".join(wrong))
            if wrong
            else passed("signature", "unchanged" if ours == theirs else "compatible")
        )


def _inputs(ours: Any, theirs: Any) -> Iterator[str]:
    """What the candidate asks of callers that they do not give today."""
    given = _by_name(theirs.get("inputs"))
    for name, field in _by_name(ours.get("inputs")).items():
        if name not in given and field.get("required", True):
            yield f"it needs the input {name}, which nobody gives"
        elif name in given and _type(field) != _type(given[name]):
            yield f"its input {name} is {_type(field)}, not {_type(given[name])}"


def _outputs(ours: Any, theirs: Any) -> Iterator[str]:
    """What callers get today and would miss."""
    offered = _by_name(ours.get("outputs"))
    for name, field in _by_name(theirs.get("outputs")).items():
        if name not in offered:
            yield f"the output {name} is gone"
        elif _type(field) != _type(offered[name]):
            yield f"the output {name} is {_type(offered[name])}, not {_type(field)}"


def _fields(signature: str) -> dict[str, Any] | None:
    """MLflow's signature, whose parts are JSON text themselves; None where there is none."""
    with suppress(ValueError, RecursionError):
        said = json.loads(signature)
        if isinstance(said, dict):
            return {
                key: json.loads(part) if isinstance(part, str) else part
                for key, part in said.items()
            }
    return None


def _by_name(fields: Any) -> dict[str, dict[str, Any]]:
    """Columns by name; those without one, as of arrays, by their place."""
    listed = [one for one in fields if isinstance(one, dict)] if isinstance(fields, list) else []
    return {str(one.get("name", f"#{place}")): one for place, one in enumerate(listed, 1)}


def _type(field: dict[str, Any]) -> str:
    """What a field holds, whatever it is called and whether it may be left out."""
    kept = {key: value for key, value in field.items() if key not in ("name", "required")}
    return str(kept["type"]) if set(kept) == {"type"} else json.dumps(kept, sort_keys=True)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "nothing"
