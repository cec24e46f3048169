"""What is wrong with a clone, what only it holds, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mlgit.errors import MlgitError
from mlgit.records.fields import FORMAT
from mlgit.store import doctor_data, doctor_git
from mlgit.store.check import check
from mlgit.store.finding import Finding, amount
from mlgit.store.store import Store

__all__ = ["Finding", "diagnose"]

Examination = Callable[[Store], Iterator[Finding]]


def diagnose(store: Store, *, deep: bool = False) -> list[Finding]:
    """All findings, the worst first.

    Args:
        store: The store to look at; nothing in it is changed.
        deep: Also read every record and every byte of the artifacts kept here.
    """
    examinations = [*_CHEAP, *(_DEEP if deep else ())]
    found = [finding for examine in examinations for finding in _contained(examine, store)]
    return sorted(found, key=lambda each: ("error", "warning", "note").index(each.severity))


def _contained(examine: Examination, store: Store) -> list[Finding]:
    """What one examination found; what stops it is a finding and does not stop the others."""
    try:
        return list(examine(store))
    except MlgitError as error:
        return [Finding("broken", "error", error.message, error.hint, dict(error.facts))]
    except OSError as error:
        return [Finding("unreadable", "error", f"cannot read {error.filename}: {error.strerror}")]


def _damaged_experiments(store: Store) -> Iterator[Finding]:
    snapshot = store.snapshot()
    for damage in snapshot.experiments()[1]:
        hint = f"git log -p {snapshot.ref} -- {damage.path}"
        yield Finding("damaged", "error", damage.reason, hint, {"path": damage.path})


def _newer_format(store: Store) -> Iterator[Finding]:
    found = store.settings.format
    if found > FORMAT:
        what = f"the store has format {found}; this mlgit only reads it"
        yield Finding("newer-format", "error", what, "pip install --upgrade mlgit")


def _checked_out(store: Store) -> Iterator[Finding]:
    where = store.repository.checked_out_branches().get(store.branch.ref)
    if where is not None:
        what = f"the branch {store.branch.name} is checked out in {where}, which stops every write"
        hint = f"git -C {where} switch main"
        yield Finding("checked-out", "error", what, hint, {"path": str(where)})


def _invalid_records(store: Store) -> Iterator[Finding]:
    problems = [each for each in check(store.snapshot(), deep=True) if each.severity == "error"]
    if problems:
        what = f"{amount(len(problems), 'error')} in the records, the first in {problems[0].path}"
        yield Finding("invalid", "error", what, "mlgit check --deep", {"count": len(problems)})


_CHEAP: tuple[Examination, ...] = (
    _damaged_experiments,
    _newer_format,
    _checked_out,
    doctor_data.unpushed,
    doctor_data.artifacts,
    doctor_data.journals,
    doctor_data.queue,
    doctor_git.stale_locks,
    doctor_git.empty_objects,
    doctor_git.temporary_files,
    doctor_git.risky_settings,
    doctor_git.clone_kind,
    doctor_git.environment,
)
_DEEP: tuple[Examination, ...] = (
    _invalid_records,
    doctor_data.damaged_artifacts,
    doctor_data.missing_artifacts,
)
