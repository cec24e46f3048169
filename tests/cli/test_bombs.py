"""Branches made to exhaust a reader: every command ends, in bounded time and memory, in words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit.store.store import Store
from tests.store import plant
from tests.store.conftest import publish_three
from tests.support.repos import git, make_repo

COMMANDS = [["runs"], ["check"], ["show", "9f3d"], ["log"], ["check", "mlgit~1..mlgit"]]
SECONDS, MEGABYTES = 60, 1536
_CHILD = f"""
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES << 20}, {MEGABYTES << 20}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
from mlgit.cli.main import main
code = main(sys.argv[2:], 'mlgit')
used = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]
open(sys.argv[1], 'w').write(f'{{time.process_time()}} {{used}}')
sys.exit(code)
"""
Bomb = Callable[[Path, plant.Planted, str], None]


def record(data: bytes) -> Bomb:
    return lambda _, tree, run: plant.put(tree, f"{run}/run.yaml", data)


def nested_aliases() -> bytes:
    rows = [b"a: &a [x,x,x,x,x,x,x,x,x]\n"]
    rows += [b"%c: &%c [*%c,*%c,*%c,*%c]\n" % (n, n, *[n - 1] * 4) for n in range(98, 122)]
    return b"".join(rows)


def deep(path: Path, tree: plant.Planted, run: str) -> None:
    oid = plant.nested(path, 4000)
    for where in ("deep", "runs/deep", f"{run}/files", "registry/models/deep"):
        plant.put(tree, where, ("40000", oid))


def wide(count: int) -> Bomb:
    def make(path: Path, tree: plant.Planted, _: str) -> None:
        oid = plant.blob(path, b"x")
        rows = [(b"%07d.yaml" % n, "100644", oid) for n in range(count)]
        folder = plant.raw_tree(path, rows)
        plant.put(tree, "runs/churn/wide", ("40000", folder))
        plant.put(tree, "deployments/wide", ("40000", folder))

    return make


def copies(path: Path, tree: plant.Planted, _: str) -> None:
    """Three trees that stand for half a thousand million runs."""
    bomb = plant.tree(path, {b"run.yaml": b"format: 1\n"})
    days = [
        b"20%02d-%02d-%02d" % (y, m, d) for y in range(10) for m in range(1, 13) for d in (1, 9)
    ]
    times = [b"%02d%02d%02d-a" % (n // 3600, n // 60 % 60, n % 60) for n in range(5000)]
    for names in (times, [b"%x" % n for n in range(16)], days):
        bomb = plant.raw_tree(path, [(name, "40000", bomb) for name in names])
    plant.put(tree, "runs/bomb", ("40000", bomb))


def strange(path: Path, tree: plant.Planted, run: str) -> None:
    """A record that is a folder, a folder that is a record, links for records."""
    oid = plant.blob(path, b"/etc/passwd")
    tree[b"mlgit.yaml"] = {b"x": b"x"}
    plant.put(tree, f"{run}/run.yaml", {b"run.yaml": b"x"})
    plant.put(tree, f"{run}/metrics.csv", ("120000", oid))
    plant.put(tree, "registry", b"x")


BOMBS: dict[str, Bomb] = {
    "aliases": record(nested_aliases()),
    "nesting": record(b"[" * 100_000),
    "merge keys": record(b"a: &a {b: c}\nd: {<<: *a}\n"),
    "digits": record(b"id: " + b"9" * 1_000_000),
    "tags": record(b"id: !!python/object/apply:os.system [id]\n"),
    "deep": deep,
    "copies": copies,
    "strange": strange,
}
LARGE: dict[str, Bomb] = {
    "50 MB record": record(b"x" * (50 << 20)),
    "50 MB of keys": record(b"".join(b"k%d: 1\n" % n for n in range(4_500_000))),
    "zeros": record(bytes(300 << 20)),
    "a million names": wide(1_000_000),
    "a million points": lambda _, tree, run: plant.put(
        tree, f"{run}/metrics.csv", b"step,timestamp,key,value\n" + b"1,2,a,0.5\n" * 1_000_000
    ),
}


def bounded(path: Path, command: list[str]) -> tuple[float, float, str]:
    """CPU seconds, megabytes and words of one command; it ends by itself and not as a bug."""
    used = path.parent / "used"
    child = [sys.executable, "-c", _CHILD, str(used), *command]
    done = subprocess.run(child, cwd=path, capture_output=True, timeout=550, check=False)
    words = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode in (0, 1, 3, 6), (command, done.returncode, words[-2000:])
    assert "Traceback" not in words
    assert "\x1b" not in words
    seconds, kilobytes = used.read_text().split()
    return float(seconds), int(kilobytes) / 1024, words


def exploded(tmp_path: Path, bomb: Bomb) -> Path:
    path = make_repo(tmp_path / "hostile")
    with Store.init(path).store as store:
        folder = publish_three(store)[0]
    tree = plant.contents(path)
    bomb(path, tree, folder)
    plant.commit(path, plant.tree(path, tree))
    return path


def survives(path: Path, found: str = "error") -> str:
    """The worst of all commands, in words; the runs that were not spoiled are still listed."""
    results = {" ".join(command): bounded(path, command) for command in COMMANDS}
    assert "aaaa0000" in results["runs"][2] or "brisk-otter" in results["runs"][2]
    assert found in results["check"][2]
    slowest = max(results, key=lambda name: results[name][0])
    most = max(memory for _, memory, _ in results.values())
    return f"{slowest} {results[slowest][0]:.1f} s, at most {most:.0f} MB"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_named_and_hides_no_other_run(tmp_path: Path, name: str) -> None:
    assert survives(exploded(tmp_path, BOMBS[name]))


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LARGE)
def test_a_large_bomb_too(tmp_path: Path, name: str) -> None:
    said = survives(exploded(tmp_path, LARGE[name]), "" if "points" in name else "error")
    print(f"\n{name}: {said}")  # noqa: T201 - the figures of docs/reliability.md


HEADS = {
    "year 9999": "A <a@b> 253402300799 +0000",
    "after that": "A <a@b> 99999999999999 +0000",
    "before 1970": "A <a@b> -62135596800 +0000",
    "no time": "A <a@b> soon",
    "far zone": "A <a@b> 1 +9999999",
    "escapes": "\x1b[2J\u202eA <a@b\x07> 1 +0000",
    "nobody": "",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_commit_of_any_kind_is_read_or_named(tmp_path: Path, name: str) -> None:
    path = make_repo(tmp_path / "hostile")
    with Store.init(path).store as store:
        publish_three(store)
    tree = git(path, "rev-parse", "mlgit^{tree}", check=True).stdout.strip()
    parent = git(path, "rev-parse", "mlgit", check=True).stdout.strip()
    who = HEADS[name]
    message = "m\x1b[2J" * 100_000
    data = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n{message}\n"
    oid = plant.raw_commit(path, data.encode())
    (path / ".git/refs/heads/mlgit").write_text(f"{oid}\n")
    for command in COMMANDS:
        bounded(path, command)
