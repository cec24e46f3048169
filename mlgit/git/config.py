"""Git configuration, asked for single keys; no other text of a config file is ever shown."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from mlgit.git import config_file
from mlgit.git.config_file import Setting

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
        there = (setting for file in self.repository for setting in file)
        return [one.key for one in there if (one.section, one.subsection) == (section, "")]

    def subsections(self, section: str) -> list[str]:
        """`origin`, … for the sections `[remote "origin"]`, … of the repository's own config."""
        there = (setting for file in self.repository for setting in file)
        names = (one.subsection for one in there if one.section == section)
        return list(dict.fromkeys(name for name in names if name))

    def section(self, name: str) -> list[Setting]:
        """Every setting of one section, in the order in which git reads them."""
        top, _, below = name.partition(".")
        files = reversed([*self.repository, *self.user])
        there = (setting for file in files for setting in file)
        return [one for one in there if (one.section, one.subsection) == (top.lower(), below)]

    @cached_property
    def repository(self) -> list[list[Setting]]:
        """Files of the repository, the strongest first."""
        shared = config_file.read(self._common_dir / "config")
        if _lookup([shared], "extensions", "worktreeconfig") in TRUE:
            return [config_file.read(self._git_dir / "config.worktree"), shared]
        return [shared]

    @cached_property
    def user(self) -> list[list[Setting]]:
        """What the environment, the user and the system set, the strongest first."""
        return [_of_environment(), *map(config_file.read, _user_paths())]


def _user_paths() -> list[Path]:
    """Where git looks for the user's and the system's config, the strongest first."""
    own = os.environ.get("GIT_CONFIG_GLOBAL")
    home = Path("~").expanduser()
    xdg = os.environ.get("XDG_CONFIG_HOME") or home / ".config"
    paths = [Path(own)] if own is not None else [home / ".gitconfig", Path(xdg, "git", "config")]
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "0").lower() in {"0", "false", "no", "off", ""}:
        paths.append(Path(os.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")))
    return paths


def _of_environment() -> list[Setting]:
    """The values that `GIT_CONFIG_COUNT` and its companions give."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    found = []
    for number in range(int(count) if count.isdigit() else 0):
        path, _, key = os.environ.get(f"GIT_CONFIG_KEY_{number}", "").rpartition(".")
        top, _, below = path.partition(".")
        if top and key:
            value = os.environ.get(f"GIT_CONFIG_VALUE_{number}", "")
            found.append(Setting(top.lower(), below, key.lower(), value))
    return found


def _lookup(files: list[list[Setting]], section: str, key: str) -> str | None:
    for file in files:
        values = _all(file, section, key)
        if values:
            return values[-1]
    return None


def _all(file: list[Setting], section: str, key: str) -> list[str]:
    top, _, below = section.partition(".")
    asked = (top.lower(), below, key.lower())
    return [setting.value for setting in file if setting[:3] == asked]
