"""What a person types for a run → the run: an id or its beginning, a name, `@last`, `@best:acc`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mlgit.errors import Ambiguous, InvalidValue, NotFound
from mlgit.search.best import best_first
from mlgit.search.expression import And, Comparison, Expression, Field, Kind
from mlgit.search.judging import primary_metric
from mlgit.search.question import Question, View
from mlgit.times import iso

if TYPE_CHECKING:
    from mlgit.records.run import Run
    from mlgit.search.index import Index
    from mlgit.search.lookup import Found
    from mlgit.search.match import Subject

_SHORTEST_PREFIX = 4
_LISTED = 5
_RECENT = 1000  # runs whose names are compared with one that does not exist
_NTH = re.compile(r"@\{(\d{1,9})\}", re.ASCII).fullmatch
_BEST = re.compile(r"@best(?::(.+?))??(?::(min|max))?", re.DOTALL).fullmatch
_SCHEMES = ("runs:/", "mlgit://")
_FORMS = "an id or its first letters, a name, @last, @{2}, @best:METRIC, runs:/ID"


def resolve_run(
    index: Index,
    reference: str,
    live: Sequence[Run | Subject] = (),
    experiment_ids: Collection[str] | None = None,
) -> Found:
    """The one run that `reference` means.

    A whole id comes first, then a name (of runs in use, else of deleted ones), then the beginning
    of an id, from four characters. `@last` is the newest run in use, `@{2}` the one before it,
    `@best:METRIC` the finished one with the best finite value, the newest of equals; `@best` alone
    takes the metric that most runs have. `:min` or `:max` behind a metric says which way is better
    where its name does not.

    Args:
        index: Where to look.
        reference: The text; a path behind `runs:/ID/` is left to `split_reference`.
        live: Runs that are not on the branch yet.
        experiment_ids: Only runs of these experiments.

    Raises:
        NotFound: It means no run; `candidates` are the nearest names.
        Ambiguous: It means several; `candidates` are the newest of them, described.
        InvalidValue: It is no reference.
    """
    lookup = _Lookup(index, live, experiment_ids)
    text = split_reference(reference)[0]
    if not text:
        raise InvalidValue("a run has no empty name", _FORMS)
    if text.startswith("@"):
        return lookup.special(text)
    return lookup.named(text)


def split_reference(reference: str) -> tuple[str, str]:
    """`runs:/ID/some/path`, or with `mlgit://`, as (`ID`, `some/path`); others have no path."""
    for scheme in _SCHEMES:
        if reference.startswith(scheme):
            run_id, _, path = reference.removeprefix(scheme).lstrip("/").partition("/")
            return run_id, path
    return reference, ""


class _Lookup:
    """The ways to find one run."""

    def __init__(
        self,
        index: Index,
        live: Sequence[Run | Subject],
        experiment_ids: Collection[str] | None,
    ) -> None:
        self.index, self.live, self.experiment_ids = index, live, experiment_ids

    def find(
        self,
        *conditions: Expression,
        limit: int | None = None,
        offset: int = 0,
        view: View = View.ACTIVE,
    ) -> list[Found]:
        question = Question(And(conditions), (), self.experiment_ids, view)
        return self.index.find(question, limit=limit, offset=offset, live=self.live)

    def named(self, text: str) -> Found:
        by_id = self.find(_is("run_id", "=", text), view=View.ALL)
        if by_id:
            return by_id[0]
        in_use = self.find(_is("run_name", "=", text))
        by_name = in_use or self.find(_is("run_name", "=", text), view=View.ALL)
        if by_name:
            return _only(by_name, f"{text!r} is the name of {len(by_name)} runs", "use an id")
        begun = self._begun(text) if len(text) >= _SHORTEST_PREFIX else []
        if not begun:
            raise self._nothing(text)
        message = f"{text!r} begins the ids of {len(begun)} runs"
        return _only(begun, message, "use more characters, or a name")

    def _begun(self, prefix: str) -> list[Found]:
        bounds = (_is("run_id", ">=", prefix), _is("run_id", "<=", f"{prefix}\U0010ffff"))
        return self.find(*bounds, view=View.ALL)

    def _nothing(self, text: str) -> NotFound:
        names = dict.fromkeys(found.run.name for found in self.find(limit=_RECENT))
        near = get_close_matches(text, list(names), n=3)
        hint = "mlgit runs" if names else "mlgit log-run -m accuracy=0.93"
        return NotFound(f"no run {text!r}.", hint, candidates=near, reference=text)

    def special(self, text: str) -> Found:
        nth = 1 if text == "@last" else 0
        if match := _NTH(text):
            nth = int(match[1])
        if nth:
            return self._newest(nth, text)
        if best := _BEST(text):
            return self._best(best[1] or "", best[2] or "")
        raise InvalidValue(f"{text!r} is no way to name a run", _FORMS)

    def _newest(self, nth: int, text: str) -> Found:
        found = self.find(limit=1, offset=nth - 1)
        if not found:
            raise NotFound(f"there are fewer than {nth} runs: no {text}.", "mlgit runs")
        return found[0]

    def _best(self, metric: str, direction: str) -> Found:
        metric = metric or primary_metric(found.run for found in self.find(limit=_RECENT))
        lowest = None if not direction else direction == "min"
        question = best_first(metric, lowest, self.experiment_ids)
        found = self.index.find(question, limit=1, live=self.live)
        if not found:
            raise self._no_metric(metric)
        return found[0]

    def _no_metric(self, metric: str) -> NotFound:
        near = get_close_matches(metric, list(self.index.keys().metrics), n=3)
        hint = "mlgit runs --columns all"
        return NotFound(f"no finished run has the metric {metric!r}.", hint, candidates=near)


def _is(name: str, operator: str, value: str) -> Comparison:
    return Comparison(Field(Kind.ATTRIBUTE, name), operator, value)


def _only(found: list[Found], message: str, hint: str) -> Found:
    if len(found) == 1:
        return found[0]
    raise Ambiguous(f"{message}:", hint, candidates=[describe(one) for one in found])


def describe(found: Found) -> str:
    """A run in one line: its id, its name, its experiment, when it began."""
    run = found.run
    parts = [run.id, run.name, found.experiment, iso(run.start)[:16].replace("T", " ")]
    return "  ".join(filter(None, parts))
