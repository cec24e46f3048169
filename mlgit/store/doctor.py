"""What is wrong with a clone, what only it holds, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlgit.errors import MlgitError
from mlgit.records.fields import FORMAT
from mlgit.store.check import check
from mlgit.store.doctor_data import artifacts, journals, queue, unpushed
from mlgit.store.doctor_git import environment, leftovers, repository_settings
from mlgit.store.finding import Finding, amount
from mlgit.store.store import Store

__all__ = ["Finding", "diagnose"]


def diagnose(store: Store, *, deep: bool = False) -> list[Finding]:
    """All findings, the worst first.

    Args:
        store: The store to look at; nothing in it is changed.
        deep: Also read every record and every byte of the artifacts kept here.
    """
    examinations: list[Callable[[], Iterator[Finding]]] = [
        lambda: _readable(store),
        lambda: unpushed(store),
        lambda: artifacts(store, deep),
        lambda: journals(store),
        lambda: queue(store),
        lambda: leftovers(store),
        lambda: repository_settings(store),
        environment,
    ]
    if deep:
        examinations.append(lambda: _records(store))
    found = [finding for examine in examinations for finding in _contained(examine)]
    return sorted(found, key=lambda each: ("error", "warning", "note").index(each.severity))


def _contained(examine: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What one examination found; what stops it is a finding and does not stop the others."""
    try:
        return list(examine())
    except MlgitError as error:
        return [Finding("broken", "error", error.message, error.hint, dict(error.facts))]
    except OSError as error:
        return [Finding("unreadable", "error", f"cannot read {error.filename}: {error.strerror}")]


def _readable(store: Store) -> Iterator[Finding]:
    """Whether the branch, its settings and its experiments can be read, and written."""
    snapshot = store.snapshot()
    for damage in snapshot.experiments()[1]:
        yield Finding(
            "damaged",
            "error",
            damage.reason,
            f"git log -p {snapshot.ref} -- {damage.path}",
            {"path": damage.path},
        )
    settings = store.settings
    if settings.format > FORMAT:
        yield Finding(
            "newer-format",
            "error",
            f"the store has format {settings.format}; this mlgit only reads it",
            "pip install --upgrade mlgit",
        )
    where = store.repository.checked_out_branches().get(store.branch.ref)
    if where is not None:
        yield Finding(
            "checked-out",
            "error",
            f"the branch {store.branch.name} is checked out in {where}, so nothing can be written",
            f"git -C {where} switch main",
            {"path": str(where)},
        )


def _records(store: Store) -> Iterator[Finding]:
    problems = [each for each in check(store.snapshot(), deep=True) if each.severity == "error"]
    if problems:
        yield Finding(
            "invalid",
            "error",
            f"{amount(len(problems), 'error')} in the records, the first in {problems[0].path}",
            "mlgit check --deep",
            {"count": len(problems)},
        )
