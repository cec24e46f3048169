"""What it costs to begin: the import and whole processes of the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench import peer
from tests.bench.line import Bar, Line, Other, at_most
from tests.bench.place import MIDDLE, Place, side_by_side

BARE = (sys.executable, "-c", "pass")
MLGIT = (str(Path(sys.executable).with_name("mlgit")),)


def imports(place: Place) -> Iterator[Line]:
    """`import mlgit` beside a bare interpreter and `import mlflow`."""
    commands: dict[str, tuple[str, ...]] = {
        "bare python": BARE,
        "ours": (sys.executable, "-c", "import mlgit"),
    }
    if place.peer:
        commands["import mlflow"] = (peer.python(place), "-c", "import mlflow")
    taken = side_by_side(commands, place.scratch, place.environment(), place.size(15, 3))
    ours, bare = taken.pop("ours").cpu, taken["bare python"].cpu
    for name, other in taken.items():
        bar = Bar("≤ 5 x bare python", ours <= 5 * bare) if name == "bare python" else None
        yield Line("import mlgit, CPU", ours * 1e3, "ms", Other(name, other.cpu * 1e3), bar)


def processes(place: Place) -> Iterator[Line]:
    """Commands as a shell starts them, in a store of ten thousand runs."""
    where = place.store(place.size(MIDDLE, 100))
    logged = ("log-run", "--experiment", "churn", "--param", "lr=0.1", "--metric", "acc=0.9")
    ours = {
        "mlgit --help": (*MLGIT, "--help"),
        "mlgit log-run": (*MLGIT, *logged),
        "mlgit runs": (*MLGIT, "runs", "--table"),
    }
    others: dict[str, tuple[str, ...]] = {"bare python": BARE}
    if place.peer:
        others["mlflow --version"] = (str(peer.install(place) / "bin" / "mlflow"), "--version")
    taken = side_by_side({**ours, **others}, where, place.environment(), place.size(11, 2))
    for name in ours:
        seconds = taken[name].cpu
        for other in others:
            bar = at_most(0.12, seconds, "s") if other == "bare python" else None
            yield Line(f"{name}, CPU", seconds, "s", Other(other, taken[other].cpu), bar)
