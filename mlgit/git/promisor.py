"""Objects that a partial clone left at its remote, fetched one by one through the git program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import NotFound, RemoteFailed

if TYPE_CHECKING:
    from mlgit.git.config import Config
    from mlgit.git.oid import Oid

# Keys by which a repository's own config makes git run programs when it fetches.
_RUNNING = {
    ("core", "sshcommand"),
    ("core", "askpass"),
    ("core", "gitproxy"),
    ("credential", "helper"),
}
_RUNNING_IN = {"credential": {"helper"}, "remote": {"uploadpack", "vcs"}}


def promisor_remote(config: Config) -> str | None:
    """The remote that promised to keep what is missing here; None in a complete clone."""
    named = config.get("extensions", "partialclone")
    remotes = config.subsections("remote")
    marked = [name for name in remotes if config.flag(f"remote.{name}", "promisor", default=False)]
    return named or (marked[0] if marked else None)


def fetch_promised(oid: Oid, remote: str, config: Config, common_dir: Path) -> None:
    """Have git fetch one missing object; it is in a pack afterwards.

    Raises:
        NotFound: The git program is not installed, or the repository's own config would make
            it run another program.
        RemoteFailed: The remote did not give it.
    """
    name = oid.decode("ascii")
    key = program_in(config)
    if process.git_program() is None or key:
        because = f"its config sets {key}" if key else "git is not installed"
        raise NotFound(
            f"object {name[:12]} is at the remote {remote!r} only (a partial clone), and mlgit "
            f"does not fetch it because {because}",
            f"fetch it yourself: git cat-file -e {name}",
            oid=name,
        )
    done = process.git(["cat-file", "-e", name], git_dir=common_dir, timeout=300.0, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise RemoteFailed(
            f"object {name[:12]} is at the remote {remote!r} only, which did not give it: {said}",
            f"when the remote can be reached: git fetch {remote}",
            oid=name,
            remote=remote,
        )


def program_in(config: Config) -> str | None:
    """The first key of the repository's own config that names a program git would run."""
    for section, key in sorted(_RUNNING):
        if config.of_repository(section, key) is not None:
            return f"{section}.{key}"
    for section, keys in _RUNNING_IN.items():
        for name in config.subsections(section):
            for key in keys:
                if config.of_repository(f"{section}.{name}", key) is not None:
                    return f"{section}.{name}.{key}"
    return None
