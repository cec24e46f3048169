"""A repository that answers pushes with mlgit's rules: made, and given its hooks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import mlgit
from mlgit import process
from mlgit.errors import AlreadyExists, InvalidState, MlgitError, Unsupported
from mlgit.git import discovery, hooks
from mlgit.git.repository import Repository
from mlgit.store.locate import branch_name

if TYPE_CHECKING:
    from mlgit.registry.pushed.update import Update

SERVER_HOOKS = ("pre-receive", "update", "post-receive")
_EVENT_KEYS = ("event", "model", "name", "from", "to", "uid", "manifest", "commit")
_PATIENCE = 60.0  # seconds that the program gets which is told; the push has landed by then


def init_server(path: Path) -> Path:
    """Make a bare repository that judges pushes.

    Raises:
        AlreadyExists: There is something at `path`.
        CommandFailed: git refused.
        As `install`.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise AlreadyExists(
            f"there is something at {path}", f"mlgit server install-hooks {path}", path=str(path)
        )
    process.run(["git", "init", "-q", "--bare", "-b", "main", "--", str(path)])
    install(path)
    return path


def install(path: Path, *, before: bool = False) -> list[hooks.Installed]:
    """Put the hooks into the repository at `path`, and make it look at what it is sent.

    Args:
        path: The repository itself; nothing above it is taken for it.
        before: Keep hooks of somebody else's, for ours to call first.

    Raises:
        InvalidState: There is no repository there, or its hooks are switched off.
        AlreadyExists: It has a hook of somebody else's; nothing was changed.
        Unsupported: This Python would not find mlgit from a hook.
        StorageFailed, CommandFailed: The disk or git refused.
    """
    place = discovery.exactly_at(path.resolve())
    if place is None:
        raise InvalidState(f"{path} is no git repository", f"mlgit server init {path}")
    _refuse_unreachable()
    with Repository(place) as repository:
        _refuse_foreign(repository, before=before)
        _set(repository, "mlgit.python", sys.executable)
        _set(repository, "receive.fsckObjects", "true")
        if branch_name() != "mlgit":
            _set(repository, "mlgit.branch", branch_name())
        return [hooks.install(repository, one, shim(one), before=before) for one in SERVER_HOOKS]


def shim(name: str) -> bytes:
    """The program git is to run: in the package once it is installed, else beside it."""
    package = Path(mlgit.__file__).parent
    packed = package / "hooks" / name
    return (packed if packed.is_file() else package.parent / "hooks" / name).read_bytes()


def _refuse_foreign(repository: Repository, *, before: bool) -> None:
    """Before anything is written: half the hooks would be a server that looks guarded."""
    folder = hooks.hooks_folder(repository)
    for name in () if before else SERVER_HOOKS:
        path = folder / name
        if path.exists() and not hooks.is_ours(path):
            raise AlreadyExists(
                f"there is a hook already: {path}",
                f"keep it, to run first: mlgit server install-hooks {repository.git_dir} --force",
                path=str(path),
            )


def _refuse_unreachable() -> None:
    argv = [sys.executable, "-I", "-c", "import mlgit"]
    if process.run(argv, cwd=Path("/"), check=False).returncode:
        raise Unsupported(
            f"{sys.executable} finds mlgit only with this user's settings, which hooks do not have",
            "install mlgit into an environment of its own: python -m venv /opt/mlgit",
        )


def _set(repository: Repository, key: str, value: str) -> None:
    process.git(["config", key, value], git_dir=repository.git_dir)


def tell(repository: Repository, updates: Sequence[Update]) -> str:
    """Give what happened to the registry to the program in the server's `mlgit.onEvents`.

    One JSON document a line on its standard input; each value of the setting is one argument.
    What went wrong, in words; "" where nothing did.
    """
    argv = [one.value for one in repository.config.section("mlgit") if one.key == "onevents"]
    if not argv:
        return ""
    try:
        lines = "".join(f"{line}\n" for line in _happened(repository, updates))
        if lines:
            process.run(argv, stdin=lines.encode(), timeout=_PATIENCE)
    except MlgitError as error:
        return f"{Path(argv[0]).name} was not told of this push: {error.message}"
    return ""


def _happened(repository: Repository, updates: Sequence[Update]) -> Iterable[str]:
    from mlgit.registry.events import events
    from mlgit.serverside import HEADS, ground_of

    ground = ground_of(repository)
    data = ground.tips.get(ground.data)
    ours = {f"{HEADS}{ground.data}", f"{HEADS}{ground.registry}"}
    for one in updates:
        if one.ref in ours and one.new:
            for event in events(repository.objects, one.old, one.new, data):
                yield json.dumps(dict(zip(_EVENT_KEYS, event, strict=True)))
