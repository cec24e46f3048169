"""What a commit says: a subject that a person reads, trailers that programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlgit.records.run import Run, RunStatus

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment

SKIP_CI = "[skip ci]"
_LONGEST_NAME = 60
# Control characters, and those that turn the direction of text: a name must not rewrite a log.
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"


def escaped(text: str) -> str:
    """`text` on one line: control and direction characters as escapes such as backslash `x1b`."""
    return text if text.isprintable() and text.isascii() else re.sub(_UNPRINTABLE, _escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def message(subject: str, trailers: Mapping[str, str] | None = None) -> str:
    """A whole commit message: the subject and, after a blank line, the trailers."""
    lines = [f"{key}: {escaped(value)}" for key, value in (trailers or {}).items() if value]
    return "\n\n".join(filter(None, [escaped(subject), "\n".join(lines)])) + "\n"


def run_subject(run: Run, experiment: Experiment) -> str:
    """`run: brisk-otter-12 (churn) finished val_acc=0.963`; a checkpoint where it still runs."""
    done = "checkpoint" if run.status is RunStatus.RUNNING else run.status.value.lower()
    subject = f"run: {short(run.name or run.id)} ({short(experiment.name)}) {done}"
    return escaped(f"{subject} {_headline(run)}".rstrip())


def run_trailers(run: Run, experiment: Experiment) -> dict[str, str]:
    """The trailers of a run's commit, in order, each on one line."""
    code = run.code.commit + ("+dirty" if run.code.commit and run.code.dirty else "")
    trailers = {"Mlgit-Run": run.id, "Mlgit-Experiment": experiment.name, "Mlgit-Code": code}
    return {key: escaped(value) for key, value in trailers.items() if value}


def _headline(run: Run) -> str:
    """The first metric that the user logged; those of the machine are not news."""
    keys = (key for key in run.metrics if not key.startswith("system/"))
    key = next(keys, None)
    return "" if key is None else f"{short(key)}={run.metrics[key].last:.4g}"


def short(text: str) -> str:
    """`text` cut to a length that leaves room for the rest of a subject."""
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
