"""The only module that starts other programs.

Arguments are always a list, standard input is closed unless given, and every call ends.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from mlgit.errors import MlgitError

if TYPE_CHECKING:
    import subprocess


class CommandFailed(MlgitError):
    """A child program could not be started, timed out, or ended with a failure.

    Facts: `argv`, `returncode` (None when it did not end by itself), `stdout`, `stderr`.
    """


class Completed(NamedTuple):
    """What a finished program left: its code and both streams as bytes."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
    check: bool = True,
    apart: bool = False,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        argv: Program and arguments; no shell is involved.
        cwd: Directory to run in.
        env: The whole environment of the child; this process's own when None.
        stdin: Bytes for its standard input.
        timeout: Seconds before it is killed.
        check: Raise when it ends with a code other than 0.
        apart: In a session of its own: it cannot ask at the terminal, and what it has started is
            killed with it.

    Raises:
        CommandFailed: It is missing, took too long, or (with `check`) failed.
    """
    import subprocess

    pipe = subprocess.PIPE
    try:
        with subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=env,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=apart,
        ) as child:
            try:
                out, err = child.communicate(stdin, timeout=timeout)
            except BaseException:
                _kill(child, apart=apart)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(f"{argv[0]}: {error}", argv=tuple(argv), returncode=None) from error
    done = Completed(tuple(argv), child.returncode, out, err)
    if check and done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise CommandFailed(
            f"{' '.join(argv[:3])} ended with code {done.returncode}: {said[-500:]}",
            argv=done.argv,
            returncode=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
        )
    return done


def _kill(child: subprocess.Popen[bytes], *, apart: bool) -> None:
    """End a program and, where it has a session of its own, all that it started."""
    import signal

    if apart and hasattr(os, "killpg") and child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def spawn_detached(argv: Sequence[str], *, cwd: Path) -> None:
    """Start a program that outlives this one, has no streams, and that nobody waits for.

    Raises:
        CommandFailed: It could not be started.
    """
    import subprocess
    import sys

    nothing = subprocess.DEVNULL
    try:
        if sys.platform == "win32":
            detached = subprocess.DETACHED_PROCESS | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            subprocess.Popen(
                list(argv),
                cwd=cwd,
                creationflags=detached,
                stdin=nothing,
                stdout=nothing,
                stderr=nothing,
            )
            return
        # The shell ends at once and leaves its child to init: no zombie in a long training.
        shell = ["/bin/sh", "-c", 'exec nice -n 10 "$@" &', "sh", *argv]
        subprocess.run(
            shell,
            cwd=cwd,
            start_new_session=True,
            timeout=10,
            check=True,
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CommandFailed(f"{argv[0]}: {error}", argv=tuple(argv), returncode=None) from error


class Partner:
    """A program to talk with; a context manager that ends it.

    Attributes:
        stdin: What it reads.
        stdout: What it writes.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        errors: IO[bytes] | None = None,
        apart: bool = False,
    ) -> None:
        """Start it; what it says of errors goes to `errors`. For `apart` see `run`.

        Raises:
            CommandFailed: It could not be started.
        """
        import subprocess

        self._apart = apart
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows': else one pops up
        try:
            self._child = subprocess.Popen(
                list(argv),
                cwd=cwd,
                creationflags=flags,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if errors is None else errors,
                start_new_session=apart,
            )
        except OSError as error:
            raise CommandFailed(f"{argv[0]}: {error}", argv=tuple(argv), returncode=None) from error
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self.stdin, self.stdout = self._child.stdin, self._child.stdout

    def __enter__(self) -> Partner:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        with suppress(OSError), self._child:  # what it has not read yet cannot be flushed
            pass

    def kill(self) -> None:
        """End it; whoever reads from it gets to an end."""
        _kill(self._child, apart=self._apart)


@cache
def git_program() -> str | None:
    """Path of the `git` program, or None where it is not installed."""
    import shutil

    return shutil.which("git")


# Nothing that a repository's own config names may run: no hooks, no file-system monitor, no
# external transport. Optional locks are off so that reading never rewrites the user's index.
_SEALED: tuple[str, ...] = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


def git(
    args: Sequence[str],
    *,
    git_dir: Path,
    work_tree: Path | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = 60.0,
    check: bool = True,
    apart: bool = False,
) -> Completed:
    """Run the `git` program on one repository, sealed against that repository's own config.

    As `run`, in the work tree's top unless `cwd` says otherwise; `env` is added to this process's
    own environment.

    Raises:
        CommandFailed: git is not installed, took too long, or (with `check`) failed.
    """
    program = git_program()
    if program is None:
        raise CommandFailed("the git program is not installed", argv=("git",), returncode=None)
    own = {key: value for key, value in os.environ.items() if key not in _DROPPED}
    own.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C")
    where = [f"--git-dir={git_dir}"] + ([f"--work-tree={work_tree}"] if work_tree else [])
    argv = [program, *_SEALED, *where, *args]
    return run(
        argv,
        cwd=cwd or work_tree or git_dir,
        env={**own, **(env or {})},
        stdin=stdin,
        timeout=timeout,
        check=check,
        apart=apart,
    )
