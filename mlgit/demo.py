"""A first look: real models trained on a real data set, recorded from Python and from a shell."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from mlgit import process
from mlgit.errors import MissingExtra
from mlgit.store.store import Store

SCRIPTS = Path(__file__).parent / "demo_files"
_TIMEOUT = 300.0  # seconds; the whole demo takes about ten
_COPIED = ("grid.py", "tree.py", "record.sh")
_IDENTITY = ("-c", "user.name=mlgit demo", "-c", "user.email=mlgit@localhost")


def prepare(directory: Path) -> Path:
    """Make a new or empty folder a repository with the programs, else use the one around it.

    Gives the folder's absolute path.

    Raises:
        MissingExtra: scikit-learn is not installed.
        NotARepository: The folder holds other things and is in no repository.
    """
    if find_spec("sklearn") is None:
        raise MissingExtra(
            f"the demo trains scikit-learn models, and {sys.executable} has none",
            hint='pip install "mlgit[demo]"',
            package="scikit-learn",
        )
    place = directory.absolute()
    place.mkdir(parents=True, exist_ok=True)
    if not any(place.iterdir()):
        _new_repository(place)
    Store.init(place).store.close()
    return place


def record(directory: Path) -> Iterator[str]:
    """Run the demo's programs in a prepared folder; yields each one's command when it is done."""
    env = {"OMP_NUM_THREADS": "1", **os.environ, "PYTHON": sys.executable}  # faster on tiny data
    for argv in ([sys.executable, "grid.py"], ["sh", "record.sh"]):
        program = directory / argv[1]
        here = program if program.is_file() else SCRIPTS / argv[1]
        process.run([argv[0], str(here)], cwd=directory, env=env, timeout=_TIMEOUT)
        yield " ".join([Path(argv[0]).name, argv[1]])


def _new_repository(directory: Path) -> None:
    for name in _COPIED:
        shutil.copyfile(SCRIPTS / name, directory / name)
    for args in (
        ["init", "-q", "-b", "main"],
        ["add", *_COPIED],
        [*_IDENTITY, "commit", "-q", "-m", "demo: the programs that are recorded"],
    ):
        process.run([process.git_program() or "git", *args], cwd=directory)
