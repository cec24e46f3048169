"""Git configuration, asked for single keys; no other text of a config file is ever shown."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import Damaged
from mlgit.git.files import storage_failed

if TYPE_CHECKING:
    from dulwich.config import ConfigFile

TRUE = {"true", "yes", "on", "1", ""}


class Config:
    """What the repository and the user have configured: the repository's own value wins."""

    def __init__(self, git_dir: Path, common_dir: Path) -> None:
        self._git_dir = git_dir
        self._common_dir = common_dir
        self._known: dict[tuple[str, str], str | None] = {}

    def get(self, section: str, key: str) -> str | None:
        """The value of `section.key` (a section may be `branch.main`), or None.

        Raises:
            Damaged: A config file cannot be parsed.
        """
        asked = (section, key)
        if asked not in self._known:
            own = _lookup(self.repository, section, key)
            self._known[asked] = _lookup(self.user, section, key) if own is None else own
        return self._known[asked]

    def of_repository(self, section: str, key: str) -> str | None:
        """The value the repository itself sets, or None."""
        return _lookup(self.repository, section, key)

    def of_user(self, section: str, key: str) -> str | None:
        """The value the user or the system sets, never the repository itself, or None."""
        return _lookup(self.user, section, key)

    def all_of_user(self, section: str, key: str) -> list[str]:
        """Every value the user or the system set, never the repository itself; last one wins."""
        return [value for file in reversed(self.user) for value in _all(file, section, key)]

    def flag(self, section: str, key: str, *, default: bool) -> bool:
        """A yes or no value."""
        value = self.get(section, key)
        return default if value is None else value.lower() in TRUE

    def names_in(self, section: str) -> list[str]:
        """Keys set directly in a section of the repository's own config, lower-cased."""
        found = []
        for file in self.repository:
            for name in file.sections():
                if len(name) == 1 and _text(name[0]).lower() == section:
                    found += [_text(key).lower() for key, _ in file.items(name)]
        return found

    def subsections(self, section: str) -> list[str]:
        """`origin`, … for the sections `[remote "origin"]`, … of the repository's own config."""
        found: dict[str, None] = {}
        for file in self.repository:
            for name in file.sections():
                if len(name) == 2 and _text(name[0]).lower() == section:
                    found[_text(name[1])] = None
        return list(found)

    @cached_property
    def repository(self) -> list[ConfigFile]:
        """Files of the repository, the strongest first."""
        shared = _load(self._common_dir / "config")
        files = [shared] if shared else []
        if _lookup(files, "extensions", "worktreeconfig") in TRUE:
            own = _load(self._git_dir / "config.worktree")
            files = [own, *files] if own else files
        return files

    @cached_property
    def user(self) -> list[ConfigFile]:
        """What the environment, the user and the system set, the strongest first."""
        return [_of_environment(), *(file for file in map(_load, _user_paths()) if file)]


def _user_paths() -> list[Path]:
    """Where git looks for the user's and the system's config, the strongest first."""
    own = os.environ.get("GIT_CONFIG_GLOBAL")
    home = Path("~").expanduser()
    xdg = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    paths = [Path(own)] if own is not None else [home / ".gitconfig", Path(xdg, "git", "config")]
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "0").lower() in {"0", "false", "no", "off", ""}:
        paths.append(Path(os.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")))
    return paths


def _of_environment() -> ConfigFile:
    """The values that `GIT_CONFIG_COUNT` and its companions give."""
    from dulwich.config import ConfigFile

    file = ConfigFile()
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    for number in range(int(count) if count.isdigit() else 0):
        key = os.environ.get(f"GIT_CONFIG_KEY_{number}", "").encode()
        section, _, name = key.rpartition(b".")
        top, _, below = section.partition(b".")
        if top and name:
            value = os.environ.get(f"GIT_CONFIG_VALUE_{number}", "").encode()
            file.add((top, below) if below else (top,), name, value)
    return file


def _load(path: Path) -> ConfigFile | None:
    from dulwich.config import ConfigFile

    try:
        if not path.is_file():
            return None
        return ConfigFile.from_path(os.fspath(path))
    except OSError as error:
        raise storage_failed(error, path, "read") from error
    except (ValueError, RecursionError):
        # Not chained, and without the parser's words: they may quote another file's content.
        raise Damaged(
            f"cannot parse the git config {path} (or a file it includes)",
            "run `git config --list` to see where",
            path=os.fspath(path),
            reason="not a git config file",
        ) from None


def _lookup(files: list[ConfigFile], section: str, key: str) -> str | None:
    for file in files:
        values = _all(file, section, key)
        if values:
            return values[-1]
    return None


def _all(file: ConfigFile, section: str, key: str) -> list[str]:
    name, _, subsection = section.partition(".")
    full = (name.encode(), subsection.encode()) if subsection else (name.encode(),)
    try:
        return [_text(value) for value in file.get_multivar(full, key.encode())]
    except KeyError:
        return []


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
