"""The rules of metrics: bounds of a value, or of its difference to the version now in place."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from mlgit.registry.gate.verdict import FAIL, PASS, WARN, Result, failed

if TYPE_CHECKING:
    from mlgit.records.policy import Bound, Gate, Requirement
    from mlgit.registry.gate.facts import Facts

Limits = list[tuple[str, str, "Bound"]]


def metric_results(gate: Gate, candidate: Facts, current: Facts | None) -> Iterator[Result]:
    """What each requirement of a gate says."""
    for required in gate.require:
        yield _judged(required, candidate, current)


def _judged(required: Requirement, candidate: Facts, current: Facts | None) -> Result:
    rule = f"metric {required.metric}"
    value, why = _value(candidate, required.metric)
    if value is None:
        return failed(rule, f"the candidate's {why}")
    shown = Result(rule, PASS, "", candidate=_number(value), bound=_bounds(required))
    if required.vs != "current":
        if any(bound.relative for _, _, bound in _limits(required)):
            return failed(rule, "a percentage bounds a difference: say `vs: current`")
        return _within(shown, required, value, value)
    if current is None:
        return shown._replace(reason="no version is in place to compare with")
    old, why = _value(current, required.metric)
    if old is None:
        return failed(rule, f"the version in place: its {why}")
    delta = value - old
    shown = shown._replace(current=_number(old), delta=_delta(delta, old))
    if old == 0 and any(bound.relative for _, _, bound in _limits(required)):
        return shown._replace(outcome=FAIL, reason="it is 0 in place: a share of that is no bound")
    return _within(shown, required, delta, abs(old))


def _value(facts: Facts, metric: str) -> tuple[float | None, str]:
    """The last value of a metric, or None and what is wrong with it."""
    if facts.run is None:
        return None, "run is not there"
    summary = facts.run.metrics.get(metric)
    if summary is None:
        return None, f"run has no metric {metric!r}"
    if not isfinite(summary.last):
        return None, f"{metric!r} is {summary.last}, which is no number to judge"
    return float(summary.last), ""


def _within(shown: Result, required: Requirement, value: float, whole: float) -> Result:
    """`value` against every bound; percentages are shares of `whole`. What fails counts first."""
    beyond = {
        outcome: f"{_said(value, whole, bound)} is {side} {bound}"
        for outcome, side, bound in reversed(_limits(required))
        if _is_beyond(value, side, bound.value * whole if bound.relative else bound.value)
    }
    outcome = FAIL if FAIL in beyond else WARN if WARN in beyond else PASS
    return shown._replace(outcome=outcome, reason=beyond.get(outcome, "within its bounds"))


def _said(value: float, whole: float, bound: Bound) -> str:
    """A value in the unit of its bound."""
    return f"{value / whole * 100:+.1f}%" if bound.relative else _number(value)


def _is_beyond(value: float, side: str, bound: float) -> bool:
    return not value >= bound if side == "below" else not value <= bound


def _limits(required: Requirement) -> Limits:
    every = (
        (FAIL, "below", required.fail_below),
        (FAIL, "above", required.fail_above),
        (WARN, "below", required.warn_below),
        (WARN, "above", required.warn_above),
    )
    return [(outcome, side, bound) for outcome, side, bound in every if bound is not None]


def _bounds(required: Requirement) -> str:
    of = "difference" if required.vs == "current" else "value"
    sides = {"below": ">=", "above": "<="}
    said = [f"{sides[side]} {bound} ({outcome})" for outcome, side, bound in _limits(required)]
    return f"{of} {', '.join(said)}" if said else "must be there"


def _delta(delta: float, old: float) -> str:
    share = f" ({delta / abs(old) * 100:+.1f}%)" if old else ""
    return f"{delta:+.6g}{share}"


def _number(value: float) -> str:
    return f"{value:.6g}"
