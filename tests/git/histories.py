"""A branch of run commits as raw objects, shaped as a store's, for tests of packing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from mlgit.git.oid import BLOB, COMMIT, TREE, object_id

Folder = dict[str, "Folder | bytes"]


class Made(NamedTuple):
    """One object; `previous` is the id of what stood at the same path before."""

    kind: int
    data: bytes
    previous: bytes | None


def run_commits(count: int, seed: int = 0) -> Iterator[tuple[bytes, list[Made]]]:
    """`count` commits, oldest first, each with one more run: (commit id, its new objects)."""
    chance = random.Random(seed)
    root: Folder = {}
    ids: dict[str, bytes] = {}
    parent: bytes | None = None
    for number in range(count):
        run_id = f"{chance.getrandbits(64):016x}"
        minute = number * 7
        day = f"2026-{1 + minute // 40320:02d}-{1 + minute // 1440 % 28:02d}"
        stamp = f"{minute // 60 % 24:02d}{minute % 60:02d}00-{run_id}"
        experiment = chance.choice(("churn", "fraud", "churn"))
        path = f"runs/{experiment}/{day}/{run_id[-1]}/{stamp}"
        made = [*_run_files(path, chance, ids, root)]
        made += _rewritten(path, root, ids)
        previous, tree = parent, ids[""]
        data = _commit(tree, parent, 1_700_000_000 + minute * 60, stamp)
        parent = object_id(COMMIT, data)
        yield parent, [*made, Made(COMMIT, data, previous)]


def _run_files(
    path: str, chance: random.Random, ids: dict[str, bytes], root: Folder
) -> Iterator[Made]:
    numbers = [chance.random() for _ in range(60)]
    lines = "".join(f"  metric_{rank}: {value:.6f}\n" for rank, value in enumerate(numbers[:10]))
    points = "".join(
        f"{rank},{1700000000 + rank},a,{value:.6f}\n" for rank, value in enumerate(numbers)
    )
    for name, text in (("run.yaml", f"name: x\nmetrics:\n{lines}"), ("metrics.csv", points)):
        data = text.encode()
        folder = root
        for part in path.split("/"):
            child = folder.setdefault(part, {})
            assert isinstance(child, dict)
            folder = child
        folder[name] = ids[f"{path}/{name}"] = object_id(BLOB, data)
        yield Made(BLOB, data, None)


def _rewritten(path: str, root: Folder, ids: dict[str, bytes]) -> list[Made]:
    """New trees from the changed folder up to the root."""
    parts = path.split("/")
    made = []
    for depth in range(len(parts), -1, -1):
        folder: Folder = root
        for part in parts[:depth]:
            child = folder[part]
            assert isinstance(child, dict)
            folder = child
        here = "/".join(parts[:depth])
        data = _tree(folder, here, ids)
        made.append(Made(TREE, data, ids.get(here)))
        ids[here] = object_id(TREE, data)
    return made


def _tree(folder: Folder, here: str, ids: dict[str, bytes]) -> bytes:
    rows = []
    for name, child in folder.items():
        oid = ids[f"{here}/{name}".lstrip("/")] if isinstance(child, dict) else child
        mode, order = ("40000", name + "/") if isinstance(child, dict) else ("100644", name)
        rows.append((order, f"{mode} {name}\0".encode() + bytes.fromhex(oid.decode())))
    return b"".join(row for _, row in sorted(rows))


def _commit(tree: bytes, parent: bytes | None, seconds: int, subject: str) -> bytes:
    lines = [f"tree {tree.decode()}"]
    lines += [f"parent {parent.decode()}"] if parent else []
    lines += [
        f"{who} Ada Tester <ada@example.org> {seconds} +0000" for who in ("author", "committer")
    ]
    return "\n".join([*lines, "", f"run: {subject} finished", ""]).encode()
