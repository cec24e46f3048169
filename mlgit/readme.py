"""The front page of the branch: what ran, what is best, and which model serves what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mlgit import times
from mlgit.errors import MlgitError
from mlgit.records import layout, text
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue, sight
from mlgit.registry.find import stage_name
from mlgit.registry.markdown import code, link, table
from mlgit.search.best import best_first
from mlgit.search.index import Index
from mlgit.search.judging import primary_metric
from mlgit.search.question import Question
from mlgit.store.message import SKIP_CI

if TYPE_CHECKING:
    from mlgit.records.experiment import Experiment
    from mlgit.records.model_version import ModelVersion
    from mlgit.records.registered_model import RegisteredModel
    from mlgit.registry.sight import Sight
    from mlgit.search.lookup import Found
    from mlgit.store.change import Change
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_HEAD = """\
# Experiments

Kept by mlgit on this branch; `mlgit readme` makes this page anew, so do not edit it.
"""
_EXPERIMENTS, _MODELS, _DRAWN, _JUDGED = 50, 100, 30, 20


class Serving(NamedTuple):
    """One deployment."""

    model: str
    uid: str
    where: str


def write(store: Store) -> bool:
    """Put the page on the branch, in a commit of its own; False where it was right already.

    Raises:
        NoStore: The branch is gone.
    """
    with Index(store) as index:
        page = text_of(sight.sight(store), index).encode()

    def put(change: Change) -> bool:
        if change.snapshot.read(layout.README) == page:
            return False
        change.put(layout.README, page)
        return True

    return store.apply(put, f"readme: the page of the branch {SKIP_CI}")


def text_of(seen: Sight, index: Index) -> str:
    """The page in Markdown; the same state gives the same text."""
    lines = [_HEAD, *_models(seen), *_lineage(seen), *_experiments(index)]
    return "\n".join(lines).rstrip() + "\n"


def _models(seen: Sight) -> Iterator[str]:
    rows: list[list[str]] = []
    serving = list(_deployments(seen.data))
    for model in _live(seen.data):
        versions = _versions(seen.data, model)
        numbers = {one.uid: f"v{one.number}" for one in versions}
        stages = catalogue.stages(seen.guarded, model.folder)
        rows.append(
            [
                link(code(model.name), layout.model_path(model.folder)),
                f"v{versions[-1].number}" if versions else "",
                ", ".join(
                    f"{code(one.alias)} {numbers.get(one.uid, '?')}{' (contested)' * one.contested}"
                    for one in catalogue.aliases(seen.guarded, model.folder)
                ),
                ", ".join(
                    f"v{one.number} {stage_name(stages.get(one.uid))}"
                    for one in versions
                    if stage_name(stages.get(one.uid)) not in ("None", "Archived")
                ),
                ", ".join(
                    f"{code(one.where)} {numbers.get(one.uid, '?')}"
                    for one in serving
                    if one.model == model.name
                ),
            ]
        )
    if rows:
        heads = ["model", "newest", "aliases", "stages", "deployed"]
        yield from ("## Models", "", *table(heads, rows[:_MODELS]), "", *_more(rows, _MODELS))


def _lineage(seen: Sight) -> Iterator[str]:
    """Run -> logged model -> version -> alias, of what has an alias."""
    lines: list[str] = []
    for model in _live(seen.data):
        numbered = {one.uid: one for one in _versions(seen.data, model)}
        for alias in catalogue.aliases(seen.guarded, model.folder):
            if alias.uid in numbered:
                lines += _drawn(model, numbered[alias.uid], alias.alias)
    lines = list(dict.fromkeys(lines))
    if lines:
        drawn = [f"  {line}" for line in lines[: 4 * _DRAWN]]
        yield from ("## Where they come from", "", "```mermaid", "graph LR", *drawn, "```", "")


def _drawn(model: RegisteredModel, version: ModelVersion, alias: str) -> Iterator[str]:
    here = f"v{version.uid}"
    yield f'{here}["{_label(model.name)} v{version.number}"]'
    yield f'{here} --> a{version.uid}_{_node(alias)}(["{_label(alias)}"])'
    before = here
    for kind, name in (("m", version.logged_model), ("r", version.run)):
        if name:
            yield f'{kind}{_node(name)}["{_label(name[:12])}"] --> {before}'
            before = f"{kind}{_node(name)}"


def _label(name: str) -> str:
    """A name in a drawing: what is no letter, digit or plain mark is `_`."""
    return "".join(one if one.isalnum() or one in " ._-" else "_" for one in name[:60])


def _node(name: str) -> str:
    return name.encode().hex()


def _experiments(index: Index) -> Iterator[str]:
    known = [one for one in index.experiments() if one.lifecycle == "active"]
    known.sort(key=lambda one: (-one.updated, one.name))
    rows = [_experiment(index, one) for one in known[:_EXPERIMENTS]]
    if rows:
        heads = ["experiment", "runs", "newest run", "best run", "by"]
        yield from ("## Runs", "", *table(heads, rows, "lr"), "", *_more(known, _EXPERIMENTS))


def _experiment(index: Index, experiment: Experiment) -> list[str]:
    asked = Question(experiment_ids=[experiment.id])
    newest = index.find(asked, limit=_JUDGED)
    metric = primary_metric(one.run for one in newest)
    ranked = best_first(metric, experiment_ids=[experiment.id]) if metric else None
    best = index.find(ranked, limit=1) if ranked else []
    return [
        link(code(experiment.name), f"runs/{experiment.folder}"),
        str(index.count(asked)),
        f"{_run(newest[0])}, {times.iso(newest[0].run.start)[:10]}" if newest else "",
        _run(best[0]) if best else "",
        f"{code(metric)} {best[0].run.metrics[metric].last:.4g}" if best else "",
    ]


def _run(found: Found) -> str:
    return link(code(found.run.name or found.run.id), f"{found.folder}/{layout.RUN}")


def _more(rows: list[list[str]] | list[Experiment], most: int) -> list[str]:
    return [f"… and {len(rows) - most} more.", ""] if len(rows) > most else []


def _live(data: Snapshot) -> list[RegisteredModel]:
    return [one for one in catalogue.models(data)[0] if one.lifecycle == "active"]


def _versions(data: Snapshot, model: RegisteredModel) -> list[ModelVersion]:
    return [one for one in catalogue.versions(data, model.folder) if one.status != DELETED]


def _deployments(data: Snapshot) -> Iterator[Serving]:
    """Who serves what; a file that cannot be read is left out, `check` names it."""
    for target in data.names("deployments"):
        for name in data.names(f"deployments/{target}"):
            path = f"deployments/{target}/{name}"
            with suppress(MlgitError, TypeError, AttributeError):
                doc = text.load(data.read(path) or b"")
                where = f"{doc.get('target', target)}/{doc.get('name', name)}"
                if layout.parse_path(path) is not None:
                    yield Serving(str(doc.get("model")), str(doc.get("uid")), where)
