"""A store of many runs, made fast: real records, real layout, packed by our own writer.

Trees are made from the newest state backwards, so that each is a difference to the next newer
one and nothing but the newest state is held in memory.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mlgit import times
from mlgit.git.commits import ROOT_COMMIT, ROOT_OBJECTS
from mlgit.git.oid import BLOB, COMMIT, TREE, Oid
from mlgit.git.pack import PackWriter, release
from mlgit.records import layout
from mlgit.records.experiment import Experiment, dump_experiment
from mlgit.records.metrics import Point, encode_points, summarize
from mlgit.records.run import Code, Run, RunStatus, Source, dump_run
from mlgit.records.settings import Settings, dump_settings

EXPERIMENTS = (
    *(("churn", 40), ("fraud", 20), ("ranking", 15), ("forecast", 10), ("vision", 6)),
    *(("speech", 4), ("ablation", 2), ("sweep", 1), ("smoke", 1), ("baseline", 1)),
)
LAST = times.from_iso("2026-11-20T00:00:00.000Z")
SPAN = 730 * 86_400_000
METRICS = ("acc", "loss", "f1", "auc", "precision", "recall", "val_loss", "val_acc", "time", "mem")
PARAMS = ("lr", "batch", "epochs", "opt", "seed", "dropout", "decay", "arch", "augment", "warmup")
STEPS = 5

Row = tuple[bytes, Oid]
Folder = dict[bytes, Row]
"""Entries of a tree in git's order: name to (mode, id)."""


@dataclass(frozen=True)
class MadeRun:
    """One run with its place and its files' bytes."""

    run: Run
    experiment: Experiment
    files: dict[str, bytes]

    @property
    def folder(self) -> str:
        """Where it lives on the branch."""
        return layout.run_folder(self.experiment.folder, self.run.start, self.run.id)


def experiments() -> list[Experiment]:
    """The ten experiments, of very unequal size."""
    first = LAST - SPAN
    return [
        Experiment(layout.experiment_id(name), name, layout.folder_name(name), first, first)
        for name, _ in EXPERIMENTS
    ]


def made_runs(count: int, seed: int = 0) -> Iterator[MadeRun]:
    """`count` runs over two years, oldest first: 10 parameters, 10 metrics of 5 steps, 2 tags."""
    chance = random.Random(seed)
    places = experiments()
    weights = [weight for _, weight in EXPERIMENTS]
    for number in range(count):
        start = LAST - SPAN + SPAN * number // count
        (experiment,) = chance.choices(places, weights)
        yield made_run(chance, experiment, start)


def made_run(chance: random.Random, experiment: Experiment, start: int) -> MadeRun:
    """One run of an experiment."""
    points = _points(chance, start)
    run = Run(
        id=f"{chance.getrandbits(64):016x}",
        name=f"{chance.choice(('brisk', 'calm', 'keen'))}-otter-{chance.randint(1, 99)}",
        experiment_id=experiment.id,
        status=RunStatus.FINISHED,
        start=start,
        end=start + chance.randint(1_000, 3_600_000),
        user=chance.choice(("ann", "bob", "eve")),
        host=chance.choice(("gpu-1", "gpu-2")),
        code=Code(commit=f"{chance.getrandbits(160):040x}", branch="main"),
        source=Source(name="train.py", command="python train.py --epochs 5"),
        params=_params(chance),
        metrics=summarize(points),
        tags={"stage": chance.choice(("dev", "prod")), "gpu": chance.choice(("a100", "h100"))},
    )
    files = {layout.RUN: dump_run(run), layout.METRICS: encode_points(points)}
    return MadeRun(run, experiment, files)


def _params(chance: random.Random) -> dict[str, str]:
    values: tuple[object, ...] = (
        *(chance.choice((0.1, 0.03, 0.01, 0.003, 0.001)), chance.choice((32, 64, 128, 256))),
        *(chance.randint(1, 100), chance.choice(("adam", "sgd", "lion")), chance.randint(0, 9999)),
        *(round(chance.random() / 2, 2), chance.choice((0, 1e-4, 5e-4))),
        *(chance.choice(("r18", "r50", "vit-b")), chance.choice((True, False))),
        chance.randint(0, 1000),
    )
    return {key: str(value) for key, value in zip(PARAMS, values, strict=True)}


def _points(chance: random.Random, start: int) -> list[Point]:
    aims = [round(chance.random(), 6) for _ in METRICS]
    return [
        Point(step, start + step * 60_000 + rank, key, round(aim * (1 - 0.5 ** (step + 1)), 6))
        for step in range(STEPS)
        for rank, (key, aim) in enumerate(zip(METRICS, aims, strict=True))
    ]


def store(count: int, cache: Path, *, per_commit: int = 1) -> Path:
    """A repository whose branch holds `count` runs; made once and kept in `cache`."""
    sample = next(made_runs(1))
    version = sha256(b"".join((Path(__file__).read_bytes(), *sample.files.values()))).hexdigest()
    path = cache / f"store-{count}-{per_commit}-{version[:8]}"
    if not path.exists():
        draft = path.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        build(draft, count, per_commit)
        draft.rename(path)
    return path


def clone_of(source: Path, target: Path, objects: Path = Path(".git/objects")) -> Path:
    """A copy of a made store that shares its packs, which nobody ever writes into."""
    packs = source / objects / "pack"
    shutil.copytree(
        source, target, ignore=lambda at, _: ["pack"] if at == str(packs.parent) else []
    )
    (target / objects / "pack").mkdir(exist_ok=True)
    for file in packs.iterdir():
        os.link(file, target / objects / "pack" / file.name)
    return target


def build(path: Path, count: int, per_commit: int) -> None:
    """Make a repository with one commit on `main` and `count` runs on `mlgit`."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    (path / "train.py").write_text("print('training')\n")
    who = ["-c", "user.name=Ada Bench", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "-C", str(path), "add", "."], check=True)
    subprocess.run(["git", "-C", str(path), *who, "commit", "-q", "-m", "first"], check=True)
    with PackWriter(path / ".git" / "objects") as writer:
        tip = _History(writer, per_commit).write(count)
        pack = writer.finish()
    assert pack is not None
    (path / ".git/refs/heads/mlgit").write_bytes(tip + b"\n")
    release(pack)


class _History:
    """Commits of runs, written newest tree first."""

    def __init__(self, writer: PackWriter, per_commit: int) -> None:
        self.writer = writer
        self.per_commit = per_commit
        self.folders: dict[str, Folder] = {}
        self.newer: dict[str, Oid] = {}

    def write(self, count: int) -> Oid:
        """All commits and what they hold; the id of the last."""
        leaves = [self._leaf(made) for made in made_runs(count)]
        self._place_fixed_files()
        for folder, oid, _ in leaves:
            parent, _, name = folder.rpartition("/")
            self._place(parent, name, (b"40000", oid))
        self._sort()
        groups = [leaves[at : at + self.per_commit] for at in range(0, count, self.per_commit)]
        roots = [self.newer[""]]
        for group in reversed(groups[1:]):
            self._take_away(group)
            roots.append(self.newer[""])
        return self._commits(groups, roots[::-1])

    def _leaf(self, made: MadeRun) -> tuple[str, Oid, int]:
        rows = [(name, self.writer.add(BLOB, data)) for name, data in sorted(made.files.items())]
        tree = {name.encode(): (b"100644", oid) for name, oid in rows}
        return made.folder, self.writer.add(TREE, _tree(tree)), made.run.start

    def _place_fixed_files(self) -> None:
        files = {
            layout.ATTRIBUTES: layout.ATTRIBUTES_TEXT,
            layout.SETTINGS: dump_settings(Settings()),
        }
        for experiment in experiments():
            files[layout.experiment_path(experiment.folder)] = dump_experiment(experiment)
        for path, data in files.items():
            parent, _, name = path.rpartition("/")
            self._place(parent, name, (b"100644", self.writer.add(BLOB, data)))

    def _place(self, parent: str, name: str, row: Row) -> None:
        if parent not in self.folders:
            self.folders[parent] = {}
            if parent:
                above, _, own = parent.rpartition("/")
                self._place(above, own, (b"40000", b""))
        self.folders[parent][name.encode()] = row

    def _sort(self) -> None:
        for path, folder in self.folders.items():
            rows = sorted(folder.items(), key=lambda row: row[0] + b"/" * (row[1][0] == b"40000"))
            self.folders[path] = dict(rows)
        for path in sorted(self.folders, key=lambda path: -path.count("/") - bool(path)):
            self._write_tree(path)

    def _take_away(self, group: list[tuple[str, Oid, int]]) -> None:
        """Write the trees as they were before this group was committed."""
        touched: set[str] = set()
        for folder, _, _ in group:
            parent, _, name = folder.rpartition("/")
            del self.folders[parent][name.encode()]
            touched.update(_with_parents(parent))
        for path in sorted(touched, key=lambda path: -path.count("/") - bool(path)):
            self._write_tree(path)

    def _write_tree(self, path: str) -> None:
        """Write a folder's tree and note its id in the folder above, where it goes if empty."""
        above, _, own = path.rpartition("/")
        if not self.folders[path] and path:
            del self.folders[above][own.encode()]
            return
        oid = self.writer.add(TREE, _tree(self.folders[path]), self.newer.get(path))
        self.newer[path] = oid
        if path:
            self.folders[above][own.encode()] = (b"40000", oid)

    def _commits(self, groups: list[list[tuple[str, Oid, int]]], roots: list[Oid]) -> Oid:
        for kind, data in ROOT_OBJECTS:
            self.writer.add(kind, data)
        tip = ROOT_COMMIT
        for group, root in zip(groups, roots, strict=True):
            tip = self.writer.add(COMMIT, _commit(root, tip, group))
        return tip


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _tree(folder: Folder) -> bytes:
    return b"".join(
        b"%s %s\0%s" % (mode, name, bytes.fromhex(oid.decode()))
        for name, (mode, oid) in folder.items()
    )


def _commit(tree: Oid, parent: Oid, group: list[tuple[str, Oid, int]]) -> bytes:
    seconds = group[-1][2] // 1000 + 60
    who = f"Ada Bench <ada@example.org> {seconds} +0000"
    run_id = group[-1][0].rpartition("-")[2]
    experiment = group[-1][0].split("/")[1]
    lines = [f"tree {tree.decode()}", f"parent {parent.decode()}", f"author {who}"]
    lines += [f"committer {who}", "", f"run: brisk-otter-12 ({experiment}) finished acc=0.9631", ""]
    lines += ["[skip ci]", "", f"Mlgit-Run: {run_id}", f"Mlgit-Experiment: {experiment}", ""]
    return "\n".join(lines).encode()
