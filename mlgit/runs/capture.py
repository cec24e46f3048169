"""What a run records of its surroundings without being asked: code, program, machine, packages.

Found out once a process and repository; whatever goes wrong leaves that part out and never the
run.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError
from mlgit.records import layout
from mlgit.records.fields import NOTHING
from mlgit.records.run import Code, Source
from mlgit.runs import environment, work_tree
from mlgit.runs.process_identity import host_name
from mlgit.runs.redact import (
    redacted_arguments,
    redacted_text,
    redacted_url,
    secret_in_patch,
)
from mlgit.runs.work_tree import WorkTree

if TYPE_CHECKING:
    from mlgit.git.repository import Repository
    from mlgit.records.settings import Settings

PATCH = layout.PATCH
UNTRACKED = "mlgit.untracked_script"


class Captured(NamedTuple):
    """What was found out.

    Attributes:
        code: Commit, branch, repository and whether there were uncommitted changes.
        source: The program and its command line.
        user: Who runs it; empty where that is switched off.
        host: The machine; empty where that is switched off.
        files: `environment.txt` and `code.patch`, as far as they are kept.
        facts: Tags that say what a reader should know of the above.
    """

    code: Code = Code()
    source: Source = Source()
    user: str = ""
    host: str = ""
    files: Mapping[str, bytes] = NOTHING
    facts: Mapping[str, str] = NOTHING


_known: dict[tuple[Path, object, object], Captured] = {}


def captured(repository: Repository, settings: Settings) -> Captured:
    """What this process is, and what it was started from; the same value for all its runs."""
    key = (repository.git_dir, settings.capture, settings.limits.patch)
    if key not in _known:
        _known[key] = _find_out(repository, settings)
    return _known[key]


def forget() -> None:
    """Find everything out anew at the next run: the work tree or the settings have changed."""
    _known.clear()
    environment.installed.cache_clear()


def _find_out(repository: Repository, settings: Settings) -> Captured:
    wanted = settings.capture
    script = _script()
    bare = WorkTree(*work_tree.head(repository))
    tree = work_tree.look(repository, script) if wanted.patch else bare
    patch, reason = _patch(tree, settings)
    files = {PATCH: patch} if patch else {}
    if wanted.environment:
        files[layout.ENVIRONMENT] = environment.installed()
    untracked = {UNTRACKED: script.name} if script and tree.has_script is False else {}
    return Captured(
        code=Code(
            commit=tree.commit,
            branch=tree.branch,
            repository=_remote(repository),
            dirty=bool(tree.difference or untracked),
            patch=reason,
        ),
        source=_source(script, repository.work_tree),
        user=_user() if wanted.user else "",
        host=host_name() if wanted.host else "",
        files=files,
        facts=untracked,
    )


def _patch(tree: WorkTree, settings: Settings) -> tuple[bytes, str]:
    """The diff to keep, and what `code.patch` of the record says: its name or why there is none."""
    difference = tree.difference
    if not settings.capture.patch:
        return b"", "not kept: capture.patch is off"
    if difference is None:
        return b"", tree.trouble and f"not kept: {tree.trouble}"
    if not difference:
        return b"", ""
    if len(difference) > settings.limits.patch:
        return b"", f"not kept: {len(difference)} bytes, {settings.limits.patch} are the limit"
    secret = secret_in_patch(difference.decode("utf-8", "replace"))
    if secret:
        return b"", f"not kept: it holds {secret}"
    return difference, PATCH


def _script() -> Path | None:
    """The program that was started, absolute; None in an interpreter, a notebook or `-c`."""
    main = sys.modules.get("__main__")
    name = getattr(main, "__file__", None)
    return Path(os.path.abspath(name)) if name else None  # noqa: PTH100  # links are git's to resolve


def redacted_source(source: Source) -> Source:
    """A caller's own account of what started a run, without secrets."""
    try:
        command = shlex.join(redacted_arguments(shlex.split(source.command)))
    except ValueError:  # no shell would take it
        command = redacted_text(source.command)
    return source._replace(command=command, name=redacted_text(source.name))


def _source(script: Path | None, place: Path | None) -> Source:
    command = shlex.join(redacted_arguments(sys.argv))
    if _in_notebook():
        return Source(type="NOTEBOOK", name=os.environ.get("JPY_SESSION_NAME", "notebook"))
    if script and place and script.is_relative_to(place):
        return Source(name=script.relative_to(place).as_posix(), command=command)
    return Source(name=str(script or sys.argv[0]), command=command)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this number, as in many containers
        return ""


def _remote(repository: Repository) -> str:
    try:
        return redacted_url(repository.config_get("remote.origin", "url") or "")
    except MlgitError:
        return ""
