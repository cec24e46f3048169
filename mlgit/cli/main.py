"""The program: global options, the table of commands, and the one way out."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from mlgit.cli import failure
from mlgit.cli.command import Entry, LazyGroup
from mlgit.cli.session import Session, pass_session
from mlgit.errors import MlgitError

TABLE: dict[str, dict[str, Entry]] = {
    "Start": {
        "init": Entry("init", "Create the experiment store of this repository."),
        "clone": Entry("clone", "Clone a repository with its experiments, ready to be searched."),
        "demo": Entry("demo", "Make a small repository with runs to try things on."),
        "doctor": Entry("upkeep", "Say what is wrong with this store and what to do."),
    },
    "Runs": {
        "log-run": Entry("log_run", "Record a finished run from the command line."),
        "runs": Entry("runs", "List runs: metrics first, then what varies."),
        "show": Entry("show", "Show one run."),
        "compare": Entry("compare", "Compare runs with a baseline: only what differs."),
        "diff": Entry("diff", "Show how one run became another, line by line."),
        "plot": Entry("plot", "Draw a metric of one or more runs."),
        "best": Entry("best", "Name the run with the best value of a metric."),
        "log": Entry("log", "Show who did what to the store, newest first."),
    },
    "Change": {
        "tag": Entry("edit", "Set or delete tags of a run."),
        "note": Entry("edit", "Show or write the note of a run."),
        "mv": Entry("edit", "Move runs to another experiment."),
        "rm": Entry("edit", "Delete runs; `restore` brings them back."),
        "restore": Entry("edit", "Bring back deleted runs."),
        "purge": Entry("purge", "Take deleted runs from the branch."),
        "forget": Entry("forget", "Take something out of the store and out of its history."),
        "experiments": Entry("experiments", "List and manage experiments."),
    },
    "Models": {
        "register": Entry(
            "register",
            "Register a run's files as a new version of a model.",
        ),
        "models": Entry("models", "List the registered models, or the versions of one."),
        "model": Entry("model", "Look at and change one registered model, version or alias."),
        "promote": Entry(
            "promote", "Give a version an alias: as a proposal, or at once where nothing guards it."
        ),
        "rollback": Entry("promote", "Bring an alias back to the version that it had before."),
        "proposals": Entry(
            "proposals", "List what is proposed, and what the gate says of it today."
        ),
        "review": Entry(
            "proposals",
            "Show everything that a reviewer needs to know of a proposal, in Markdown.",
        ),
        "approve": Entry(
            "proposals",
            "Say yes to a proposal as it is now; signed where git signs with an ssh key.",
        ),
        "reject": Entry("proposals", "Say no to a proposal as it is now."),
        "land": Entry("proposals", "Bring a proposal to the branch, where the gate lets it pass."),
        "withdraw": Entry(
            "proposals", "Remove the branch of a proposal, here and where it was pushed to."
        ),
        "gate": Entry("gate", "Say whether a promotion may land, with a reason for every rule."),
        "policy": Entry("policy", "Show the gates of promotion, or put those of FILE in place."),
        "events": Entry("events", "Say what happened to the registry, for whoever deploys."),
        "badge": Entry("card", "Print a badge of what an address means now, as SVG."),
        "readme": Entry("readme", "Make the README.md of the branch anew, in a commit of its own."),
        "ci": Entry("ci", "Have a forge judge proposals, and tell what has landed."),
    },
    "Share": {
        "push": Entry("share", "Bring what is new here to where others find it."),
        "pull": Entry("share", "Take in what others have recorded."),
        "sync": Entry("share", "Pull and push: then both sides have the same."),
        "flush": Entry("spool", "Publish the ended runs of a spool."),
        "import-runs": Entry("spool", "Take in all that another store holds and this one lacks."),
        "conflicts": Entry("conflicts", "List the values that two clones set differently."),
        "resolve": Entry("conflicts", "Decide a value in conflict, as a commit of its own."),
        "status": Entry("share", "Say what only this clone has, lacks, and runs."),
        "hook": Entry("hook", "Guard plain `git push` of the store."),
        "server": Entry("server", "Guard a bare repository that the team pushes to."),
    },
    "Move": {
        "import": Entry("bring", "Bring runs over from another tool."),
        "export": Entry("bring", "Write the store out for another tool."),
    },
    "Data": {
        "remote": Entry("remote", "Name the places where artifacts are kept for all."),
        "artifact": Entry(
            "artifact", "List, fetch, print, add or verify the artifacts of runs and models."
        ),
        "check": Entry("upkeep", "Check every record of the store against the format."),
        "recover": Entry("upkeep", "Publish the runs of programs that died."),
        "gc": Entry("gc", "Remove artifact bytes that nothing names any more."),
    },
    "Meta": {
        "config": Entry("config", "Show or change the settings of the team."),
        "completion": Entry("meta", "Print the completion script of a shell."),
        "help": Entry("meta", "Explain a command, a topic or an error code."),
        "version": Entry("meta", "Print the versions that matter in a report."),
    },
}


@click.group(
    cls=LazyGroup,
    table=TABLE,
    examples="""
    mlgit init
    mlgit log-run -e churn -p lr=0.1 -m acc=0.93 -a model.pkl
    mlgit runs "metrics.acc > 0.9" --sort -acc
    mlgit compare @best:acc @last
    """,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("-C", "directory", metavar="DIR", help="Run as if started in DIR.")
@click.version_option(package_name="mlgit", message="mlgit %(version)s")
@pass_session
def root(session: Session, *, directory: str | None) -> None:
    """Track experiments as plain files on a branch of this git repository.

    A run is one commit on the branch `mlgit`; the working tree is never touched. RUN is an id
    or its first letters, a name, @last, @{2} (the last but one) or @best:METRIC. More: `mlgit help
    filters`, `gates`, `layout`, `formats`, `codes`.
    Options stand before or behind the command.
    """
    if directory is not None:
        os.chdir(directory)
        session.place = Path.cwd()


def main(argv: Sequence[str], program: str = "mlgit") -> int:
    """Run one command and return its exit code; every failure has been said on stderr."""
    session, show = Session(), warnings.showwarning
    if "_MLGIT_LINE" in os.environ:
        return _complete(os.environ["_MLGIT_LINE"])
    try:
        warnings.showwarning = lambda message, *_, **__: session.output.warn(str(message))
        code = root.main(list(argv) or ["--help"], program, standalone_mode=False, obj=session)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
        return failure.BROKEN_PIPE
    except (click.Abort, KeyboardInterrupt):
        return failure.INTERRUPTED
    # The last boundary: whatever is left is a bug, and is reported as one.
    except Exception as error:
        return _fail(error, session, next((word for word in argv if word in root.entries), ""))
    finally:
        session.close()
        warnings.showwarning = show
    return code if isinstance(code, int) else 0


def run() -> None:
    """Run the command of this process's arguments and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A name that this stream's encoding lacks is spelled out, never an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    called_by_git = Path(sys.argv[0]).stem == "git-mlgit"
    sys.exit(main(sys.argv[1:], "git mlgit" if called_by_git else "mlgit"))


def _complete(line: str) -> int:
    """Answer a shell that asks what may follow; what fails offers nothing."""
    from mlgit.cli.completion import answers

    with suppress(MlgitError, OSError):
        sys.stdout.writelines(f"{answer}\n" for answer in answers(root, line))
    return 0


def _fail(error: Exception, session: Session, command: str) -> int:
    """Say what happened; the exit code of it."""
    if session.debug:
        import traceback

        traceback.print_exception(error)
    known = failure.known(error)
    if known is None:
        return _report_bug(error, session, command)
    session.output.say(failure.words(known, session.output.talk))
    return failure.failure_of(known).exit


def _report_bug(error: Exception, session: Session, command: str) -> int:
    from mlgit.cli.crash import write_report

    path = write_report(error, command, session.cache_folder())
    text = f"mlgit has a bug: {type(error).__name__}: {error} [{failure.BUG.code}]"
    hint = f"the report is in {path}; `mlgit --debug {command}` shows it here"
    output = session.output
    output.say(failure.said("error", text, output.talk, "red"))
    output.say(failure.said("hint", hint, output.talk, "cyan"))
    return failure.BUG.exit


def _abandon_stdout() -> None:
    """Nobody reads stdout any more: let the interpreter's last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
