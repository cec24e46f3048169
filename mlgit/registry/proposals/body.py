"""What a reviewer reads of a promotion: the text of a proposal, in Markdown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlgit.registry.compare import Row
from mlgit.registry.gate.verdict import FAIL, PASS, WARN, Result
from mlgit.registry.markdown import clipped, code, plain, quote, table, text
from mlgit.store.finding import amount, size_of

if TYPE_CHECKING:
    from mlgit.registry.compare import Comparison, Value
    from mlgit.registry.gate.verdict import Decision, Verdict

BEGIN, END = "<!-- mlgit:begin -->", "<!-- mlgit:end -->"
MAX = 60_000  # characters; GitHub takes 65,536
_METRICS = 60  # rows
_SECTIONS = {"params": 40, "data": 20, "code": 20, "signature": 20, "tags": 20}  # rows of each
_MARK = {PASS: "✅ pass", WARN: "⚠️ warn", FAIL: "❌ fail"}
_METRIC = "metric "
_digest = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}").fullmatch


def title(change: Decision) -> str:
    """`promote churn: production v4 -> v5`, harmless wherever it is shown."""
    if change.kind == "policy":
        return f"change {plain(change.path)}"
    was = f"v{change.old_number}" if change.old_number else "nothing"
    now = f"v{change.number}" if change.number else "nothing"
    return f"promote {plain(change.model)}: {plain(change.name)} {was} -> {now}"


def body(
    change: Decision, comparison: Comparison | None, verdict: Verdict | None, reason: str = ""
) -> str:
    """What is decided, measured, changed, checked, and how to undo it; `MAX` characters at most.

    Args:
        change: What is decided.
        comparison: The version in place and the candidate; None where nothing takes over.
        verdict: What the gate said; None where it has not judged yet.
        reason: Why, in the words of who proposes.
    """
    lines = [f"**{text(title(change))}**", "", *_judged(verdict), *_reason(reason)]
    if comparison is not None:
        lines += [*_metrics(comparison, verdict), *_changes(comparison), *_artifacts(comparison)]
    lines += [*_rules(verdict), *_undo(change)]
    return "\n".join([BEGIN, *_fitting(lines), END, ""])


def updated(existing: str, new: str) -> str:
    """A text that people may have written around the old body, with the new one in its place.

    Where it has none the new one stands below. The part of mlgit is cut where the whole would be
    too long; no word of a person is.
    """
    lines = existing.splitlines()
    marked = [line.strip() for line in lines]
    first, last = _between(marked)
    above, below = lines[:first], lines[last:]
    if first == last and any(marked):
        above = [*lines, ""]
    own = _own(new.splitlines())
    room = MAX - sum(len(line) + 1 for line in (*above, *below))
    return "\n".join([*above, BEGIN, *_fitting(own, room), END, *below, ""])


def _own(lines: list[str]) -> list[str]:
    """What stands between the marks of a new text; all of it where there are none."""
    first, last = _between([line.strip() for line in lines])
    return lines[first + 1 : last - 1] if first < last else lines


def _between(marked: list[str]) -> tuple[int, int]:
    """Where the body begins and ends among lines; nowhere at their end."""
    for at, line in enumerate(marked):
        if line == END and BEGIN in marked[:at]:
            return at - 1 - marked[:at][::-1].index(BEGIN), at + 1
    return len(marked), len(marked)


def _fitting(lines: Sequence[str], room: int = MAX) -> list[str]:
    """As many lines as there is room for: each stands for itself, so nothing is left open."""
    room -= len(BEGIN) + len(END) + 100
    kept = 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept += 1
    cut = ["", f"… {len(lines) - kept} more lines: `mlgit review` shows all."]
    return [*lines[:kept], *(cut if kept < len(lines) else ())]


def _judged(verdict: Verdict | None) -> list[str]:
    if verdict is None:
        return ["**Gate:** not judged yet.", ""]
    failing = [one for one in verdict.results if one.outcome == FAIL]
    warning = [one for one in verdict.results if one.outcome == WARN]
    if verdict.stale:
        said = "⏳ stale: it was made on another state. Make it again."
    elif failing:
        said = f"❌ **failed**, {len(failing)} of {len(verdict.results)} rules."
    else:
        said = "✅ passed" + (f", {len(warning)} with a warning." if warning else ".")
    return [f"**Gate:** {said}", ""]


def _reason(reason: str) -> list[str]:
    return [*quote(reason), ""] if reason.strip() else []


def _metrics(comparison: Comparison, verdict: Verdict | None) -> list[str]:
    """The metrics that a rule is about, then the others."""
    judged = {
        one.rule.removeprefix(_METRIC): one
        for one in (verdict.results if verdict else ())
        if one.rule.startswith(_METRIC)
    }
    known = {row.key: row for row in comparison.section("metrics")}
    others = [key for key in known if key not in judged and not key.startswith("system/")]
    rows = [
        _metric(known.get(key) or Row("metrics", key, None, None), judged.get(key))
        for key in (*judged, *others)
    ]
    if not rows:
        return ["No metrics.", ""]
    was = f"v{comparison.before.number}" if comparison.before else "nothing"
    heads = ["metric", f"in place ({was})", f"candidate (v{comparison.after.number})"]
    return _table([*heads, "delta", "rule", "result"], rows, _METRICS, "lrrrll")


def _metric(row: Row, result: Result | None) -> list[str]:
    before, after, delta = shown(row.before), shown(row.after), row.delta
    if result is None:
        return [code(row.key), before, after, delta, "", ""]
    outcome = _MARK.get(result.outcome, result.outcome)
    why = "" if result.outcome == PASS else f": {text(result.reason)}"
    return [
        code(row.key),
        text(result.current) or before,
        text(result.candidate) or after,
        text(result.delta) or delta,
        code(result.bound),
        outcome + why,
    ]


def _changes(comparison: Comparison) -> Iterator[str]:
    """Parameters, data, code, signature and tags that are not what they were."""
    rows: list[list[str]] = []
    same: list[str] = []
    for section, most in _SECTIONS.items():
        changed = comparison.changed(section)
        rows += [
            [f"{section} {code(row.key)}", code(shown(row.before)), code(shown(row.after))]
            for row in changed[:most]
        ]
        rows += [[f"… {len(changed) - most} more {section}", "", ""]] if changed[most:] else []
        same += [section] if comparison.section(section) and not changed else []
    if rows:
        yield from _table(["changed", "in place", "candidate"], rows, len(rows))
    if same and comparison.before:
        yield from (f"Unchanged: {', '.join(same)}.", "")


def _artifacts(comparison: Comparison) -> Iterator[str]:
    rows = comparison.changed("artifacts")
    count = f"{amount(comparison.files, 'file')}, {size_of(comparison.size)}"
    made = f", made by the run {code(comparison.run)}" if comparison.run else ""
    changed = f", {len(rows)} changed" if comparison.before else ""
    manifest = comparison.after.manifest.removeprefix("sha256:")[:12]
    pinned = f"; manifest {code(manifest)}" if manifest else ""
    yield from (f"**Artifacts:** {count}{changed}{pinned}{made}.", "")


def _rules(verdict: Verdict | None) -> list[str]:
    """The rules that are not about metrics: artifacts, code, data, signature, approvals."""
    rows = [
        [text(one.rule), _MARK.get(one.outcome, one.outcome), text(one.reason)]
        for one in (verdict.results if verdict else ())
        if not one.rule.startswith(_METRIC)
    ]
    return _table(["rule", "result", "why"], rows, 50) if rows else []


def _undo(change: Decision) -> list[str]:
    if not change.old_number:
        return ["**To undo it:** nothing was in place before.", ""] if change.model else []
    place = ["--", f"{change.model}@{change.name}"]
    command = ["mlgit", "rollback", *place[not change.model.startswith("-") :]]
    if change.kind == "stage":
        command = ["mlgit", "promote", f"{change.model}@{change.old_number}", "--to", change.name]
    return [f"**To undo it:** {code(shlex.join(command))} brings v{change.old_number} back.", ""]


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], most: int, right: str = ""
) -> list[str]:
    more = len(rows) - most
    return [
        *table(heads, rows[:most], right),
        *(["", f"… and {more} more."] if more > 0 else []),
        "",
    ]


def shown(value: Value) -> str:
    """A value for a cell, not escaped yet; a commit or digest by its beginning."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value[:12] if value and _digest(value) else clipped(value or "", 120)
