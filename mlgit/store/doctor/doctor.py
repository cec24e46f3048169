"""What is wrong with a clone, what only it holds, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from mlgit.errors import MlgitError
from mlgit.records.fields import FORMAT
from mlgit.store.check.check import Problem, check
from mlgit.store.doctor import data, git
from mlgit.store.doctor.mend import is_record
from mlgit.store.doctor.ref import damaged_ref
from mlgit.store.finding import Finding, amount
from mlgit.store.store import Store

__all__ = ["Finding", "diagnose", "invalid"]

_MANY = 2000  # runs, read in a second or two
_NAMED = 20

Examination = Callable[[Store], Iterator[Finding]]


def diagnose(
    store: Store, *, deep: bool = False, also: Iterable[Examination] = ()
) -> list[Finding]:
    """All findings, the worst first.

    Args:
        store: The store to look at; nothing in it is changed.
        deep: Also read every record and every byte of the artifacts kept here.
        also: Examinations of what the store itself does not know.
    """
    examinations = [*_ALWAYS, *also, *(_DEEP if deep else (_records,))]
    found = [finding for examine in examinations for finding in _contained(examine, store)]
    said: dict[str, Finding] = {}
    for finding in found:  # what breaks one examination breaks others, too
        said.setdefault(finding.what, finding)
    return sorted(said.values(), key=lambda each: ("error", "warning", "note").index(each.severity))


def _contained(examine: Examination, store: Store) -> list[Finding]:
    """What one examination found; what stops it is a finding and does not stop the others."""
    try:
        return list(examine(store))
    except MlgitError as error:
        # An object of git is missing or damaged: the whole examination hangs on it.
        code, fix = ("missing-objects", _refetch(store)) if "oid" in error.facts else ("broken", "")
        return [Finding(code, "error", error.message, error.hint, dict(error.facts), fix)]
    except OSError as error:
        return [Finding("unreadable", "error", f"cannot read {error.filename}: {error.strerror}")]


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


def _records(store: Store) -> Iterator[Finding]:
    """Damaged and invalid records, where reading all of them takes no patience."""
    snapshot = store.snapshot()
    if sum(1 for _ in islice(snapshot.run_folders(), _MANY + 1)) <= _MANY:
        yield from invalid(store, check(snapshot))
    else:
        what = f"the records of this store were not read: it has more than {_MANY} runs"
        yield Finding("not-read", "note", what, "mlgit doctor --deep")


def _records_deeply(store: Store) -> Iterator[Finding]:
    return invalid(store, check(store.snapshot(), deep=True))


def invalid(store: Store, problems: Sequence[Problem]) -> Iterator[Finding]:
    """The errors that a check has found, as the doctor says them; only so many by name."""
    errors = [problem for problem in problems if problem.severity == "error"]
    yield from (_finding(store, problem) for problem in errors[:_NAMED])
    if len(errors) > _NAMED:
        what = f"{amount(len(errors) - _NAMED, 'more error')} in the records"
        yield Finding("invalid", "error", what, "mlgit check --deep", {"count": len(errors)})


def _finding(store: Store, problem: Problem) -> Finding:
    """A problem of the records as the doctor says it, with the repair that would help."""
    hint = problem.hint or f"git log -p mlgit -- {problem.path}"
    what = f"{problem.path or 'the branch'}: {problem.message}"
    code, fix = "invalid", ""
    if problem.code == "summary":
        code, fix = "summary", "make the summary anew from the metric files"
    elif problem.code == "unreadable":
        code, fix = "missing-objects", _refetch(store)
        hint = hint if fix else "git fetch --refetch ../another-clone mlgit"
    elif problem.code == "invalid" and is_record(problem.path):
        fix = "put back the last content that could be read"
    return Finding(code, "error", what, hint, {"path": problem.path}, fix)


def _refetch(store: Store) -> str:
    remotes = store.repository.config.subsections("remote")
    return f"fetch the whole branch from {remotes[0]} again" if remotes else ""


_ALWAYS: tuple[Examination, ...] = (
    damaged_ref,
    _newer_format,
    _checked_out,
    data.unpushed,
    data.journals,
    data.queue,
    git.stale_locks,
    git.empty_objects,
    git.temporary_files,
    git.dead_writers,
    git.pack_index,
    git.cache,
    git.risky_settings,
    git.clone_kind,
    git.environment,
)
_DEEP: tuple[Examination, ...] = (
    _records_deeply,
    data.damaged_artifacts,
    data.missing_artifacts,
)
