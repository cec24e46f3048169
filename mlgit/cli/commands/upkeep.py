"""`mlgit check`, `doctor`, `recover`: whether all is well, and bringing in what died."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from mlgit.cli.command import Command
from mlgit.cli.failure import said
from mlgit.cli.numbers import counted
from mlgit.cli.progress import working
from mlgit.cli.session import Session, pass_session
from mlgit.cli.shape import Shape, emit, shape_options
from mlgit.errors import Damaged, MlgitError
from mlgit.git.revision import commit_of

if TYPE_CHECKING:
    from mlgit.git.oid import Oid
    from mlgit.runs.mend import Healed
    from mlgit.runs.recover import Recovered
    from mlgit.store.finding import Finding
    from mlgit.store.problem import Problem
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.store import Store

_INVALID = 6
_ROUNDS = 4
_STYLES = {"error": ("red", "bold"), "warning": ("yellow",), "note": ("dim",)}


@click.command(
    cls=Command,
    examples="""
    mlgit check
    mlgit check --deep
    mlgit check origin/mlgit
    mlgit check origin/mlgit..mlgit --json
    """,
)
@click.argument("revision", default="", metavar="[REV|A..B]")
@click.option(
    "--deep",
    is_flag=True,
    help="Recompute summaries and digests, of artifacts kept here too; read all of the history.",
)
@shape_options
@pass_session
@click.pass_context
def check(ctx: click.Context, session: Session, *, revision: str, deep: bool, shape: Shape) -> None:
    """Check every record of the store against the format.

    REV is another commit than the tip; with A..B only what changed since A is looked at, and
    whether it may change so. Without REV, the branch that guards the registry is checked too, and
    whether anything got past a gate. Codes are explained by `mlgit help checks`. Ends with 6 where
    anything is wrong, with 3 where REV holds no store.
    """
    with working(session.output, "reading every record"):
        problems = _problems(session, revision, deep=deep)
    documents = [problem._asdict() for problem in problems]
    columns = ["path", "line", "column", "severity", "code", "message", "hint"]
    emit(session.output, shape, documents, columns, lambda: _lines(session, problems))
    errors = sum(problem.severity == "error" for problem in problems)
    if problems:
        session.output.note(
            f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'other remark')}"
        )
    else:
        session.output.note("Every record is as it should be.")
    if errors:
        ctx.exit(_INVALID)


def _problems(session: Session, revision: str, *, deep: bool) -> list[Problem]:
    from mlgit.checking import problems
    from mlgit.store.check.check import check

    if not revision:
        return problems(session.store, deep=deep, is_whole=_is_whole(session))
    since, snapshot = _range(session, revision)
    return check(snapshot, deep=deep, since=since, is_whole=_is_whole(session))


def _is_whole(session: Session) -> Callable[[str], bool | None]:
    """Whether the copy of an artifact that this clone has is whole; None where it has none."""
    from mlgit.artifacts.cache import ObjectCache

    cache = ObjectCache(session.store.data / "objects")
    return lambda sha256: cache.verify(sha256) if cache.has(sha256) else None


def _lines(session: Session, problems: Sequence[Problem]) -> list[str]:
    terminal = session.output.terminal
    lines = []
    for problem in problems:
        place = (problem.path or "the branch", problem.line, problem.column)
        where = ":".join(str(part) for part in place if part)
        severity = terminal.paint(problem.severity, *_STYLES[problem.severity])
        said_of_it = f"{terminal.safe(problem.message)} [{problem.code}]"
        lines.append(f"{terminal.safe(where)}: {severity}: {said_of_it}")
        if problem.hint:
            lines.append(f"  hint: {terminal.safe(problem.hint)}")
    return lines


def _range(session: Session, revision: str) -> tuple[Oid | None, Snapshot]:
    """The commit to start after, and the store to look at."""
    from mlgit.store.check.check import require_store
    from mlgit.store.snapshot import Snapshot
    from mlgit.store.trees import Trees

    before, dots, after = revision.rpartition("..")
    repository = session.store.repository
    since = commit_of(repository, before) if before else None
    if dots and not after:
        return since, session.store.snapshot()
    trees = Trees(repository.objects)
    snapshot = Snapshot(trees, commit_of(repository, after), after)
    require_store(snapshot)
    return since, snapshot


@click.command(
    cls=Command,
    examples="""
    mlgit doctor
    mlgit doctor --fix
    mlgit doctor --deep --json
    """,
)
@click.option("--deep", is_flag=True, help="Read every record and every byte kept here.")
@click.option("--fix", is_flag=True, help="Repair what can be without losing anything.")
@shape_options
@pass_session
@click.pass_context
def doctor(ctx: click.Context, session: Session, *, deep: bool, fix: bool, shape: Shape) -> None:
    """Say what is wrong with this store and what to do.

    What only this clone holds, runs of programs that died, leftovers, damage, settings of git that
    are in the way. Nothing is changed without --fix, which does what `fix` says of each; objects of
    git that are missing are fetched from a remote then. Ends with 1 where anything is wrong.
    """
    store = _even_if_broken(session)
    with working(session.output, "looking around"):
        findings = _diagnosed(store, deep=deep)
    if fix:
        findings = _repair(session, store, findings, deep=deep)
    documents = [dict(vars(finding)) for finding in findings]
    columns = ["code", "severity", "what", "hint", "fix"]
    emit(session.output, shape, documents, columns, lambda: _findings(session, findings))
    if not findings:
        session.output.note("Nothing is wrong.")
    if any(finding.severity == "error" for finding in findings):
        ctx.exit(1)


def _diagnosed(store: Store, *, deep: bool) -> list[Finding]:
    from mlgit import checking
    from mlgit.holdings import only_here
    from mlgit.store.doctor.doctor import diagnose

    registry = partial(checking.findings, deep=deep)
    return diagnose(store, deep=deep, also=[only_here.findings, registry])


def _even_if_broken(session: Session) -> Store:
    """The store, also where its branch cannot be read: that is what the doctor is for."""
    from mlgit.store.locate import locate
    from mlgit.store.store import Store
    from mlgit.where import from_environment

    try:
        return session.store
    except Damaged:
        return Store(locate(session.place or from_environment()))


def _repair(
    session: Session, store: Store, findings: list[Finding], *, deep: bool
) -> list[Finding]:
    """Fix what can be, in rounds: what one repair uncovers the next may put right."""
    from mlgit.runs.heal import heal
    from mlgit.sharing.repair import repair_history
    from mlgit.store.doctor.fix import fix

    tried: set[str] = set()
    for _ in range(_ROUNDS):
        new = [one for one in findings if one.fix and one.what not in tried]
        if not new:
            break
        tried.update(one.what for one in new)
        for done in fix(store, new):
            if done.problem is None:
                session.output.note(f"fixed {done.code}: {done.done}")
            else:
                session.output.warn(f"{done.code}: {done.problem.message}", done.problem.hint)
        with suppress(MlgitError):
            for healed in heal(store, every=True):
                session.output.note(f"published run {healed.run_id} again from its journal")
        store.repository.objects.forget()
        findings = _diagnosed(store, deep=deep)
    with suppress(MlgitError):
        if deep and repair_history(store):
            session.output.note("repaired what merges without mlgit had lost")
            findings = _diagnosed(store, deep=deep)
    return findings


def _findings(session: Session, findings: Sequence[Finding]) -> list[str]:
    terminal = session.output.terminal
    lines: list[str] = []
    for finding in findings:
        lines += said(finding.severity, finding.what, terminal, *_STYLES[finding.severity][:1])
        if finding.hint:
            lines += said("  hint", finding.hint, terminal, "cyan")
        if finding.fix:
            lines += said("  fix", f"`mlgit doctor --fix` would {finding.fix}", terminal, "cyan")
    return lines


@click.command(
    cls=Command,
    examples="""
    mlgit recover
    mlgit recover --foreign
    """,
)
@click.option("--foreign", is_flag=True, help="Also runs of other machines that fell silent here.")
@pass_session
@click.pass_context
def recover(ctx: click.Context, session: Session, *, foreign: bool) -> None:
    """Publish the runs of programs that died.

    Every mlgit command does this by itself for programs of this machine; nothing that was logged
    is lost. The runs are FAILED then, or KILLED where the machine went down. What was published in
    the last hours is compared with the branch, and published again where git has lost it.
    """
    from mlgit.runs.heal import heal
    from mlgit.runs.recover import recover as bring_in

    found: list[Recovered | Healed] = list(bring_in(session.store, include_foreign=foreign))
    found += [*session.recovered, *heal(session.store, every=True)]
    for one in found:
        if one.problem is None:
            session.output.data([one.run_id])
        else:
            session.output.warn(f"run {one.run_id}: {one.problem}", one.problem.hint)
    published = sum(one.problem is None for one in found)
    session.output.note(f"{counted(published, 'run')} recovered")
    if published < len(found):
        ctx.exit(1)
