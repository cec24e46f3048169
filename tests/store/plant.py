"""Branches that no honest program would write, made with git's own plumbing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from mlgit.git.loose import write_all
from mlgit.git.oid import TREE, object_id

#: Name to content, to a folder (a mapping), or to (mode, object id) as they stand.
Planted = dict[bytes, Any]


def _git(repo: Path, *args: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *args], cwd=repo, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def blob(repo: Path, data: bytes) -> str:
    """Store bytes; their id."""
    return _git(repo, "hash-object", "-w", "--stdin", stdin=data)


def tree(repo: Path, entries: Planted) -> str:
    """Store a folder, in git's order; its id."""
    rows = [(name, *_stored(repo, content)) for name, content in entries.items()]
    rows.sort(key=lambda row: row[0] + (b"/" if row[1] == "40000" else b""))
    return raw_tree(repo, rows)


def raw_tree(repo: Path, rows: list[tuple[bytes, str, str]]) -> str:
    """Store a tree of (name, mode, id) exactly as given; its id."""
    data = b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for name, mode, oid in rows
    )
    return _git(repo, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=data)


def raw_commit(repo: Path, data: bytes) -> str:
    """Store a commit exactly as given; its id."""
    return _git(repo, "hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=data)


def nested(repo: Path, levels: int) -> str:
    """Store that many folders inside each other; the id of the outermost."""
    objects = repo / (".git/objects" if (repo / ".git").exists() else "objects")
    oid = tree(repo, {b"x": b"x"})
    made = []
    for _ in range(levels):
        data = b"40000 d\0" + bytes.fromhex(oid)
        oid = object_id(TREE, data).decode()
        made.append((TREE, data))
    write_all(str(objects), made, durable=False)
    return oid


def _stored(repo: Path, content: Any) -> tuple[str, str]:
    if isinstance(content, bytes):
        return "100644", blob(repo, content)
    if isinstance(content, tuple):
        return content[0], content[1]
    return "40000", tree(repo, content)


def commit(repo: Path, root: str, branch: str = "mlgit") -> None:
    """Put a commit with that root tree on the branch."""
    known = _git(repo, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
    parents = ["-p", known] if known else []
    made = _git(repo, "commit-tree", root, *parents, "-m", "planted")
    _git(repo, "update-ref", f"refs/heads/{branch}", made)


def contents(repo: Path, ref: str = "mlgit") -> Planted:
    """The branch as nested entries, to be changed and planted again."""
    listed = subprocess.run(
        ["git", "ls-tree", "-rz", ref], cwd=repo, capture_output=True, check=True
    ).stdout
    top: Planted = {}
    for row in filter(None, listed.split(b"\0")):
        head, _, path = row.partition(b"\t")
        mode, _, oid = head.decode().split()
        _put(top, path.split(b"/"), (mode, oid))
    return top


def content_of(repo: Path, oid: str) -> bytes:
    """The bytes of a file."""
    shown = ["git", "cat-file", "blob", oid]
    return subprocess.run(shown, cwd=repo, capture_output=True, check=True).stdout


def copied(held: Any) -> Any:
    """What stands at a path, to be put at another one too."""
    return {name: copied(one) for name, one in held.items()} if isinstance(held, dict) else held


def put(top: Planted, path: str, content: Any) -> None:
    """Set what stands at a path of `contents`."""
    _put(top, path.encode().split(b"/"), content)


def _put(top: Planted, parts: list[bytes], content: Any) -> None:
    node = top
    for part in parts[:-1]:
        node = node.setdefault(part, {})
    node[parts[-1]] = content


def folder(top: Planted, path: str) -> Planted:
    """The folder at a path of `contents`, made where it is missing."""
    node = top
    for part in path.encode().split(b"/") if path else ():
        node = node.setdefault(part, {})
    return node
