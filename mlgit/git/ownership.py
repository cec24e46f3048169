"""Whose repository it is: git's rule that another user's repository is not trusted unasked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import Unsupported
from mlgit.git.files import refusals

if TYPE_CHECKING:
    from mlgit.git.config import Config


def refuse_foreign_owner(git_dir: Path, work_tree: Path | None, config: Config) -> None:
    """Stop before a repository of another user, unless the user listed it in `safe.directory`.

    Only the user's and the system's config count, never the repository's own. Root is trusted
    with what it owns and with what the user behind `sudo` owns, as in git.

    Raises:
        Unsupported: It belongs to someone else.
    """
    if not hasattr(os, "geteuid"):
        return
    place = work_tree or git_dir
    with refusals(git_dir, "look at"):
        owners = {path.stat().st_uid for path in (git_dir, place)}
    if owners <= _own_ids() or _is_listed(place, config):
        return
    raise Unsupported(
        f"the repository {place} belongs to another user (uid {max(owners - _own_ids())})",
        f"if you trust it: git config --global --add safe.directory {place}",
        path=os.fspath(place),
    )


def _own_ids() -> set[int]:
    own = os.geteuid()
    behind_sudo = os.environ.get("SUDO_UID", "")
    return {own, int(behind_sudo)} if own == 0 and behind_sudo.isdigit() else {own}


def _is_listed(place: Path, config: Config) -> bool:
    listed = False
    for value in config.all_of_user("safe", "directory"):
        # an empty value clears what came before, as in git
        listed = value != "" and (listed or _covers(value, place))
    return listed


def _covers(value: str, place: Path) -> bool:
    below = value.endswith("/*") and Path(value[:-2]) in place.parents
    return value == "*" or below or os.path.normpath(value) == os.path.normpath(place)
