"""Calls of the registry as values, made on two clients and told alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, NamedTuple

from hypothesis import strategies as st

from mlgit.errors import MlgitError

#: What MLflow says where we raise.
CODES: Mapping[str, str] = {
    "NotFound": "RESOURCE_DOES_NOT_EXIST",
    "AlreadyExists": "RESOURCE_ALREADY_EXISTS",
    "InvalidValue": "INVALID_PARAMETER_VALUE",
    "InvalidState": "RESOURCE_DOES_NOT_EXIST",  # of what is deleted
}
_REFUSALS = (*CODES.values(), "INTERNAL_ERROR")


class Call(NamedTuple):
    """One method of a client and its arguments; `{}` in a name is the example's own prefix."""

    method: str
    arguments: tuple[Any, ...]

    def revives(self, gone: set[str]) -> bool:
        """Whether it gives a model a name that was deleted before; notes what it deletes."""
        if self.method == "delete_registered_model":
            gone.add(self.arguments[0])
        made = self.method in ("create_registered_model", "rename_registered_model")
        return made and self.arguments[-1] in gone

    def is_malformed(self) -> bool:
        """Whether an argument could never be one: then either refusal is right."""
        if self.method == "transition_model_version_stage":  # not all stages have others archived
            return True
        words = [one if isinstance(one, list) else [one] for one in self.arguments]
        return any(one in _MALFORMED for one in chain(*words) if isinstance(one, str))


#: No name, number, alias, stage or key of a tag.
_MALFORMED = frozenset({"", "x", "a.b", "v2", "latest", "QA"})
_NAMES = st.sampled_from(["{}churn", "{}spam", "{}a b", ""])
_NUMBERS = st.sampled_from(["1", "2", "3", "9", "x"])
_ALIASES = st.sampled_from(["champion", "Prod", "a.b", "v2", "latest", ""])
_STAGES = st.sampled_from(["Staging", "production", "ARCHIVED", "None", "QA"])
_KEYS = st.sampled_from(["team", "a b", "x/y", ""])
_GONE = st.sampled_from(["team", "a b", "x/y"])
_VALUES = st.sampled_from(["risk", "", "ünï", "1"])
_TEXTS = st.sampled_from(["Who leaves.", "", "two\nlines"])
_SOURCES = st.sampled_from(["s3://bucket/one", "s3://bucket/two"])


def _call(method: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.tuples(*arguments).map(lambda found: Call(method, found))


CALLS = st.one_of(
    _call("create_registered_model", _NAMES),
    _call("create_model_version", _NAMES, _SOURCES),
    _call("create_model_version", _NAMES, _SOURCES),
    _call("get_registered_model", _NAMES),
    _call("get_model_version", _NAMES, _NUMBERS),
    _call("get_model_version_by_alias", _NAMES, _ALIASES),
    _call("rename_registered_model", _NAMES, _NAMES),
    _call("update_registered_model", _NAMES, _TEXTS),
    _call("update_model_version", _NAMES, _NUMBERS, _TEXTS),
    _call("set_registered_model_tag", _NAMES, _KEYS, _VALUES),
    _call("delete_registered_model_tag", _NAMES, _GONE),
    _call("set_model_version_tag", _NAMES, _NUMBERS, _KEYS, _VALUES),
    _call("delete_model_version_tag", _NAMES, _NUMBERS, _GONE),
    _call("set_registered_model_alias", _NAMES, _ALIASES, _NUMBERS),
    _call("delete_registered_model_alias", _NAMES, _ALIASES),
    _call("transition_model_version_stage", _NAMES, _NUMBERS, _STAGES, st.booleans()),
    _call("get_latest_versions", _NAMES, st.lists(_STAGES, max_size=2)),
    _call("delete_model_version", _NAMES, _NUMBERS),
    _call("delete_registered_model", _NAMES),
    _call("get_model_version_download_uri", _NAMES, _NUMBERS),
)


def alike(call: Call, ours: Any, theirs: Any) -> bool:
    """Whether two answers to a call mean the same."""
    if call.method == "rename_registered_model" and theirs is None:
        return not isinstance(ours, str)  # MLflow's client gives nothing back
    if call.method == "delete_registered_model_alias" and call.is_malformed():
        return True  # there is none of that name, which one of them says and the other does not
    if str(ours) in _REFUSALS and str(theirs) in _REFUSALS:
        # An alias that is not there is an invalid parameter to MLflow's store, and to us not found.
        return ours == theirs or call.is_malformed() or call.method == "get_model_version_by_alias"
    return bool(ours == theirs)


def answer(client: Any, call: Call, prefix: str) -> Any:
    """What a client says to a call, in words that both have; or the code of its refusal."""
    arguments = [one.format(prefix) if isinstance(one, str) else one for one in call.arguments]
    try:
        found = getattr(client, call.method)(*arguments)
    except MlgitError as error:
        return code_of(error)
    except Exception as error:
        if not hasattr(error, "error_code"):
            raise
        return str(error.error_code)
    return told(found)


def code_of(error: MlgitError) -> str:
    """MLflow's code of one of our errors."""
    return next(CODES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in CODES)


def told(found: Any) -> Any:
    """A result without times, authors and what only one of them knows."""
    if isinstance(found, list):
        return sorted((told(one) for one in found), key=str)
    teller = _TELLERS.get(type(found).__name__)
    return found if teller is None else teller(found)


def _model(found: Any) -> dict[str, Any]:
    return {
        "name": found.name,
        "description": found.description or "",
        "tags": dict(found.tags or {}),
        "aliases": {alias: str(number) for alias, number in dict(found.aliases or {}).items()},
        "latest": told(list(found.latest_versions or [])),
    }


def _version(found: Any) -> dict[str, Any]:
    return {
        "name": found.name,
        "version": str(found.version),
        "description": found.description or "",
        "stage": found.current_stage,
        "source": found.source,
        "run": found.run_id or "",
        "status": found.status,
        "tags": dict(found.tags or {}),
        "aliases": sorted(found.aliases or []),
    }


_TELLERS: Mapping[str, Callable[[Any], Any]] = {"RegisteredModel": _model, "ModelVersion": _version}
