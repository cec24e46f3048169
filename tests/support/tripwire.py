"""A repository in which all that git could run leaves a line in a file."""

from __future__ import annotations

from pathlib import Path

_CONFIG = """
[core]
\thooksPath = {hooks}
\tfsmonitor = {trip}
\teditor = {trip}
\tpager = {trip}
\taskPass = {trip}
\tsshCommand = {trip}
\tgitProxy = {trip}
\talternateRefsCommand = {trip}
[credential]
\thelper = !{trip}
[filter "x"]
\tclean = {trip}
\tsmudge = {trip}
\tprocess = {trip}
\trequired = true
[merge "x"]
\tdriver = {trip}
[diff]
\texternal = {trip}
[diff "x"]
\tcommand = {trip}
\ttextconv = {trip}
[interactive]
\tdiffFilter = {trip}
[sequence]
\teditor = {trip}
[gpg]
\tprogram = {trip}
[commit]
\tgpgSign = true
[push]
\tgpgSign = if-asked
[alias]
\tgc = !{trip}
\tmlgit = !{trip}
[gc]
\tauto = 1
[maintenance]
\tauto = true
[uploadpack]
\tpackObjectsHook = {trip}
[protocol "ext"]
\tallow = always
"""
_HOOKS = [
    "reference-transaction", "post-commit", "pre-commit", "post-checkout", "pre-auto-gc",
    "pre-push", "post-merge", "post-rewrite", "post-index-change", "fsmonitor-watchman",
    "pre-receive", "update", "post-receive", "post-update", "push-to-checkout", "proc-receive",
    "prepare-commit-msg", "commit-msg",
]  # fmt: skip


def plant(repository: Path, outside: Path, more: str = "") -> Path:
    """Make every program that git could start there leave a line in a file, which is returned.

    Args:
        repository: Its top folder.
        outside: Where the tripwire and that file are made.
        more: Further config; `{trip}` is the tripwire.
    """
    trip, tripped, own = outside / "trip", outside / "tripped", outside / "hooks"
    trip.write_text(f'#!/bin/sh\necho "$0 $*" >> {tripped}\nexit 1\n')
    trip.chmod(0o755)
    for folder in (own, repository / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in _HOOKS:
            (folder / name).write_bytes(trip.read_bytes())
            (folder / name).chmod(0o755)
    with (repository / ".git" / "config").open("a") as file:
        file.write((_CONFIG + more).format(trip=trip, hooks=own))
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "attributes").write_text("* filter=x merge=x diff=x\n")
    return tripped
