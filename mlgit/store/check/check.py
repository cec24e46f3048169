"""Whether a store is what the format says, in time and memory bounded by its size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from mlgit.errors import Damaged, NoStore
from mlgit.git.tree import TREE_MODE
from mlgit.records import layout
from mlgit.records.settings import Settings
from mlgit.store.check.alias import check_aliases
from mlgit.store.check.change import changed_paths
from mlgit.store.check.epoch import check_epoch
from mlgit.store.check.file import Files
from mlgit.store.check.history import check_history
from mlgit.store.check.merges import check_merges
from mlgit.store.check.purged import check_sources
from mlgit.store.check.registry import check_registry
from mlgit.store.check.run import RunCheck, RunRules
from mlgit.store.problem import Problem, Report
from mlgit.store.survey import Found, Survey

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.records.experiment import Experiment
    from mlgit.store.snapshot import Snapshot

__all__ = ["Problem", "check", "require_store"]


def check(
    snapshot: Snapshot,
    *,
    deep: bool = False,
    since: Oid | None = None,
    is_whole: Callable[[str], bool | None] = lambda _: None,
) -> list[Problem]:
    """What is wrong with a store, by path.

    Args:
        snapshot: The store.
        deep: Also compare points with summaries and artifacts kept in git with their digests, and
            read every object of the history.
        since: Look only at what changed after this earlier commit, and at whether it may.
        is_whole: Asked when `deep` whether this machine's copy of the bytes of a digest is what its
            name says; None where it has none.
    """
    report = Report()
    only = None if since is None else changed_paths(snapshot, since, report)
    since = None if only is None else since
    survey = Survey(snapshot.objects, report, only)
    files = Files(snapshot.objects, report)
    experiments, damaged = snapshot.experiments()
    known = {experiment.id for experiment in experiments}
    rules = RunRules(known, _settings(snapshot).limits, deep, snapshot.folder_of, is_whole)
    _check_entries(survey.walk(snapshot.tree), survey, files, rules, report)
    if only is None or any(path.endswith("/experiment.yaml") for path in only):
        _check_experiments(experiments, report)
    check_epoch(snapshot, report, since)
    check_registry(snapshot, report, only)
    check_sources(snapshot, report, only)
    if deep or since is not None:
        check_aliases(snapshot, report, since)
        check_merges(snapshot, report, since)
    if deep:
        check_history(snapshot, report, since)
    for damage in damaged:
        if (only is None or damage.path in only) and not report.names(damage.path):
            report.add(damage.path, "unreadable", damage.reason)
    return report.problems()


def require_store(snapshot: Snapshot) -> None:
    """Refuse a commit of another kind, in which `check` would find nothing wrong.

    Raises:
        NoStore: It has neither settings nor experiments of mlgit.
    """
    if layout.SETTINGS in snapshot.names("") or any(snapshot.experiments()):
        return
    what = snapshot.ref or snapshot.commit.decode()
    raise NoStore(
        f"{what} is not an mlgit store: it has no {layout.SETTINGS} and no experiments",
        "name a branch that holds one: git branch --all --list '*mlgit*'",
        ref=what,
    )


def _settings(snapshot: Snapshot) -> Settings:
    try:
        return snapshot.settings()
    except Damaged:  # reported as a file like any other
        return Settings()


def _check_entries(
    entries: Iterable[Found], survey: Survey, files: Files, rules: RunRules, report: Report
) -> None:
    """Each file by its kind, each run's folder as a whole; no two of one id."""
    runs: dict[str, str] = {}
    for found in entries:
        if found.entry.mode != TREE_MODE:
            _check_file(found, files, report)
            continue
        run_id = RunCheck(found, survey, files, rules).check()
        if runs.setdefault(run_id, found.path) != found.path and run_id:
            report.add(found.path, "duplicate-run", f"the run {run_id} is also in {runs[run_id]}")


def _check_file(found: Found, files: Files, report: Report) -> None:
    located = layout.parse_path(found.path)
    if located is not None and not located.folder:
        files.check(found.path, found.entry.oid, located.kind)
    elif found.path.startswith("runs/"):
        report.add(found.path, "unknown-file", "no file that mlgit makes; kept as it is", "warning")
    else:
        report.add(found.path, "unknown-file", "no file that mlgit knows; kept as it is", "note")


def _check_experiments(experiments: Sequence[Experiment], report: Report) -> None:
    by_id: dict[str, Experiment] = {}
    live: dict[str, Experiment] = {}
    for experiment in experiments:
        path = layout.experiment_path(experiment.folder)
        first = by_id.setdefault(experiment.id, experiment)
        if first is not experiment:
            report.add(
                path,
                "duplicate-experiment",
                f"the id {experiment.id} is also that of runs/{first.folder}",
            )
        if experiment.lifecycle != "active":
            continue
        other = live.setdefault(experiment.name, experiment)
        if other is not experiment:
            text = f"{experiment.name!r} is also the name of runs/{other.folder}; rename one"
            report.add(path, "same-name", text, "warning")
