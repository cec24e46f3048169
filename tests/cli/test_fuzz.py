"""A valid store with anything changed anywhere: every reader ends in an answer or in our words."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.cli.harness import mlgit
from tests.store import plant
from tests.store.conftest import publish_three
from tests.support.repos import make_repo

COMMANDS = ["runs", "check --deep", "show 9f3d --files", "log", "check mlgit~1..mlgit", "doctor"]
GOLDEN = Path(__file__).parents[1] / "golden" / "format-1"
WORDS = [
    b"", b"\0", b"\xff", b"\x1b[2J", b": ", b"- ", b"\n", b"&a ", b"*a", b"!!x ", b"<<: *a\n", b"[",
    b"{", b'"', b"|\n", b"%", b"\t", b"9" * 400, b"-1", b"1e999", b".nan", b"null", b"~", b"[a]",
    b"{a: b}", b"sides: [1, 2]\n", b"format: 99\n", b"2026-99-99", b"\r\n", b",,,,\n", b"../x",
]  # fmt: skip
NAMES = [b"x", b"run.yaml", b"..", b".git", b"\xff", b"con", b"A.yaml", b"a" * 256, b"metrics.csv"]
MODES = ["100644", "100755", "120000", "160000", "40000"]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with every kind of file of the format."""
    path = tmp_path_factory.mktemp("fuzz") / "valid"
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Ada")
            patch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        make_repo(path)
        with Store.init(path).store as store:
            publish_three(store)
        tree = plant.contents(path)
        for file in GOLDEN.rglob("*"):
            if file.is_file():
                plant.put(tree, file.relative_to(GOLDEN).as_posix(), file.read_bytes())
        plant.commit(path, plant.tree(path, tree))
        yield path


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Some bytes with a few pieces cut, doubled, swapped or put in."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((1, 5, 40)))
        piece = chance.choice((b"", data[at:end] * 2, chance.choice(WORDS)))
        data = data[:at] + piece + data[end:]
    return data


def folders(tree: plant.Planted) -> list[plant.Planted]:
    below = [value for value in tree.values() if isinstance(value, dict)]
    return [tree, *(folder for one in below for folder in folders(one))]


def mutate(path: Path, tree: plant.Planted, chance: random.Random) -> None:
    """Change one entry somewhere: its content, its name, its mode, its place."""
    folder = chance.choice([one for one in folders(tree) if one])
    name = chance.choice(sorted(folder))
    held = folder[name]
    kind = chance.choice(("content", "content", "content", "name", "mode", "move", "remove"))
    if kind == "content" and isinstance(held, tuple) and held[0] == "100644":
        folder[name] = damaged(plant.content_of(path, held[1]), chance)
    elif kind == "name":
        folder[chance.choice(NAMES)] = folder.pop(name)
    elif kind == "mode" and isinstance(held, tuple):
        folder[name] = (chance.choice(MODES), held[1])
    elif kind == "move":
        chance.choice(folders(tree))[name] = plant.copied(held)
    else:
        del folder[name]


def try_one(valid: Path, place: Path, seed: int) -> None:
    chance = random.Random(seed)
    shutil.copytree(valid, place)
    tree = plant.contents(place)
    for _ in range(chance.randint(1, 5)):
        mutate(place, tree, chance)
    plant.commit(place, plant.tree(place, tree))
    for command in COMMANDS:
        result = mlgit("-C", str(place), *command.split())
        assert result.code in (0, 1, 3, 4, 6), (seed, command, result.stderr[-1500:])
        assert "\x1b" not in result.screen, (seed, command)
    shutil.rmtree(place)


@pytest.mark.parametrize("seed", range(8))
def test_a_store_changed_at_random_is_answered_in_words(
    valid: Path, tmp_path: Path, seed: int
) -> None:
    try_one(valid, tmp_path / "mutant", seed)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_thousands_of_them(valid: Path, tmp_path: Path) -> None:
    for seed in range(1000, 3000):
        try_one(valid, tmp_path / "mutant", seed)
