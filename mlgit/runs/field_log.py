"""Logging words: parameters, tags, name and note of a live run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from mlgit.errors import InvalidState, InvalidValue, NotFound
from mlgit.records import names
from mlgit.runs.notice import warn
from mlgit.runs.redact import redacted_value
from mlgit.runs.siblings import Siblings

if TYPE_CHECKING:
    from mlgit.records.names import Truncated
    from mlgit.runs.session import Session

Pairs = Mapping[str, object] | Iterable[tuple[str, object]]


class FieldLog:
    """The parameters and tags of a live run; each call is safe when it returns."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._siblings = Siblings(session.journal.file)

    def log_params(self, params: Pairs) -> None:
        """Log parameters; each keeps its first value for ever.

        What looks like a secret is kept as its fingerprint.

        Raises:
            InvalidValue: A key is not one, or is there twice.
            InvalidState: A parameter has another value already; then none is logged.
        """
        values = checked_params(params)
        with self._session.lock:
            self._happen(self._new_params(values), {})

    def _new_params(self, values: Mapping[str, str]) -> dict[str, str]:
        """Those of some checked parameters that the run does not have; hold the session's lock.

        Raises:
            InvalidState: One has another value already.
        """
        known = {**self._siblings.params(), **self._session.state.params}
        for key, value in values.items():
            if known.get(key, value) != value:
                raise _fixed(key, known[key], value)
        return {key: value for key, value in values.items() if key not in known}

    def _happen(self, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        for what, values in (("params", params), ("tags", tags)):
            if values:
                self._session.happens({"do": what, "values": values})

    def set_tags(self, tags: Pairs) -> None:
        """Set tags; the last value of each counts. MLflow's reserved ones set the run's fields.

        Raises:
            InvalidValue: A key is not one, is there twice, or the run's name would be empty.
        """
        self._happen({}, checked_tags(tags))

    def delete_tag(self, key: str) -> None:
        """Take a tag away.

        Raises:
            NotFound: The run has none of that name.
        """
        with self._session.lock:
            run = self._session.state.run
            if key not in run.all_tags():
                raise NotFound(f"run {run.name} has no tag {key!r}", key=key)
            self._session.happens({"do": "delete_tag", "key": key})

    def set_note(self, text: str) -> None:
        """Set the run's description."""
        self.set_tags({"mlflow.note.content": text})

    def rename(self, name: str) -> None:
        """Give the run another name.

        Raises:
            InvalidValue: It is empty or too long.
        """
        self.set_tags({"mlflow.runName": name})


def checked_params(params: Pairs) -> dict[str, str]:
    """Parameters as they are recorded: keys checked, values cut, secrets taken out.

    Raises:
        InvalidValue: A key is not one, or is there twice.
    """
    return _texts("param", params, names.param_value)


def checked_tags(tags: Pairs) -> dict[str, str]:
    """Tags as they are recorded: keys checked, values cut to MLflow's limit, secrets taken out.

    Raises:
        InvalidValue: A key is not one, is there twice, or the run's name would be empty.
    """
    values = _texts("tag", tags, names.tag_value)
    if "mlflow.runName" in values:
        names.validate_run_name(values["mlflow.runName"])
    return values


def _texts(
    kind: str, pairs: Pairs, text_of: Callable[[str, object], tuple[str, Truncated | None]]
) -> dict[str, str]:
    """Checked keys with their texts, secrets taken out."""
    found: dict[str, str] = {}
    for key, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        if names.validate_key(kind, key) in found:
            raise InvalidValue(f"the {kind} {key!r} is given twice in one call", key=key)
        text, cut = text_of(key, redacted_value(key, str(value)))
        if cut:
            warn(str(cut))
        found[key] = text
    return found


def _fixed(key: str, old: str, new: str) -> InvalidState:
    return InvalidState(
        f"the parameter {key!r} is {old[:80]!r} already and cannot become {new[:80]!r}",
        hint="log it under another name, or start a new run",
        key=key,
        old=old,
        new=new,
    )
