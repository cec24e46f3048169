"""Branches that no honest program would write, made with git's own plumbing."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Union

Planted = Mapping[bytes, Union[bytes, "Planted", tuple[str, str]]]
"""Name to content, to a folder, or to (mode, object id) as they stand."""


def _git(repo: Path, *args: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *args], cwd=repo, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def blob(repo: Path, data: bytes) -> str:
    """Store bytes; their id."""
    return _git(repo, "hash-object", "-w", "--stdin", stdin=data)


def tree(repo: Path, entries: Planted) -> str:
    """Store a tree as given, in git's order unless that is what is wrong with it; its id."""
    rows = []
    for name, content in entries.items():
        if isinstance(content, bytes):
            mode, oid = "100644", blob(repo, content)
        elif isinstance(content, tuple):
            mode, oid = content
        else:
            mode, oid = "40000", tree(repo, content)
        rows.append((name + (b"/" if mode == "40000" else b""), mode, name, oid))
    data = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid)
        for _, mode, name, oid in sorted(rows)
    )
    return _git(repo, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=data)


def commit(repo: Path, root: str, branch: str = "mlgit") -> None:
    """Put a commit with that tree on the branch."""
    parent = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", f"refs/heads/{branch}"],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    parents = ["-p", parent] if parent else []
    made = _git(repo, "commit-tree", root, *parents, "-m", "planted")
    _git(repo, "update-ref", f"refs/heads/{branch}", made)


def contents(repo: Path, ref: str = "mlgit") -> dict[bytes, object]:
    """The branch as nested entries, to be changed and planted again."""
    listed = subprocess.run(
        ["git", "ls-tree", "-rz", ref], cwd=repo, capture_output=True, check=True
    ).stdout
    top: dict[bytes, object] = {}
    for row in filter(None, listed.split(b"\0")):
        head, _, path = row.partition(b"\t")
        mode, _, oid = head.decode().split()
        *folders, name = path.split(b"/")
        node = top
        for folder in folders:
            node = node.setdefault(folder, {})  # type: ignore[assignment]
        node[name] = (mode, oid)
    return top
