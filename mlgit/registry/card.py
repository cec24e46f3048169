"""The card of a version: Markdown below the front matter that Hugging Face reads."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlgit.records import text as yaml
from mlgit.registry.markdown import block, code, quote, table, text

if TYPE_CHECKING:
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.compare import Comparison, Row

#: Tags of a model or version that stand in the front matter under their own names.
_PASSED_ON = ("license", "base_model", "language", "library_name", "pipeline_tag", "datasets")
_PLAIN_TAG = re.compile(r"[\w.:/-]{1,64}").fullmatch


def card(model: RegisteredModel, facts: Comparison, aliases: list[str]) -> str:
    """The card of a version.

    Args:
        model: The model.
        facts: The version as the candidate of a comparison with nothing.
        aliases: The names that point to it.
    """
    version = facts.after
    address = shlex.quote(f"{model.name}@{version.number}")
    lines = [f"# {text(model.name)}, version {version.number}", ""]
    for said in (model.description, version.description):
        lines += [*quote(said), ""] if said.strip() else []
    if aliases:
        lines += [f"Aliases: {', '.join(map(code, aliases))}.", ""]
    for section, head in (("metrics", "metric"), ("params", "parameter"), ("signature", "column")):
        lines += _section(facts.section(section), head)
    lines += ["## Where it comes from", "", *_lineage(facts), ""]
    lines += ["## Use", "", *block(f"mlgit model show {address}", "sh"), ""]
    return f"---\n{yaml.dump(_front_matter(model, facts)).decode()}---\n\n" + "\n".join(lines)


def _front_matter(model: RegisteredModel, facts: Comparison) -> dict[str, Any]:
    tags = {**model.tags, **facts.after.tags}
    known: dict[str, Any] = {key: tags[key] for key in _PASSED_ON if tags.get(key)}
    plain = [key for key, value in tags.items() if value == "" and _PLAIN_TAG(key)]
    known["tags"] = ["mlgit", *plain]
    measured = [row for row in facts.section("metrics") if _is_finite(row)]
    if measured:
        known["model-index"] = [{"name": model.name, "results": [_results(measured, facts, tags)]}]
    return known


def _results(measured: list[Row], facts: Comparison, tags: dict[str, str]) -> dict[str, Any]:
    data = facts.section("data")
    name = data[0].key if data else "unknown"
    return {
        "task": {"type": tags.get("pipeline_tag") or "other"},
        "dataset": {"name": name, "type": "other"},
        "metrics": [{"type": row.key, "name": row.key, "value": row.after} for row in measured],
    }


def _is_finite(row: Row) -> bool:
    return (
        isinstance(row.after, float)
        and math.isfinite(row.after)
        and not row.key.startswith("system/")
    )


def _section(rows: list[Row], head: str) -> list[str]:
    cells = [
        [
            code(row.key),
            code(f"{row.after:.6g}" if isinstance(row.after, float) else row.after or ""),
        ]
        for row in rows
        if not row.key.startswith("system/")
    ]
    return [*table([head, "value"], cells), ""] if cells else []


def _lineage(facts: Comparison) -> Iterator[str]:
    version = facts.after
    known = {
        "uid": version.uid,
        "run": version.run,
        "logged model": version.logged_model,
        "source": version.source,
        "artifacts": version.manifest,
        **{f"code {row.key}": str(row.after) for row in facts.section("code")},
        **{f"data {row.key}": str(row.after) for row in facts.section("data")},
    }
    yield from (f"- {text(what)}: {code(value)}" for what, value in known.items() if value)
