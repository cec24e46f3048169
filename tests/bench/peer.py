"""The peer, MLflow: installed for the benchmark alone, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.bench.place import Place, answer

SCRIPT = Path(__file__).with_name("peer_script.py")
NOTHING: Mapping[str, str] = MappingProxyType({})


def install(place: Place, name: str = "mlflow", *packages: str) -> Path:
    """The folder of the environment; made and filled by pip once, then kept in the cache."""
    home = place.cache / name
    if not (home / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *(packages or ("mlflow", "boto3"))], check=True)
        (home / "installed").touch()
    return home


def python(place: Place) -> str:
    """Its Python."""
    return str(install(place) / "bin" / "python")


def environment(place: Place, kind: str, folder: Path) -> dict[str, str]:
    """Settings of a tracking store of one `kind` (`sqlite` or `file`) in a folder."""
    uri = f"sqlite:///{folder}/mlflow.db" if kind == "sqlite" else f"file://{folder}/mlruns"
    sealed = place.environment(
        MLFLOW_TRACKING_URI=uri, MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_DISABLE_TELEMETRY="true"
    )
    sealed["PATH"] = f"{install(place) / 'bin'}{os.pathsep}{sealed['PATH']}"
    sealed["GIT_PYTHON_REFRESH"] = "quiet"
    return {**sealed, "PYTHONPATH": ""}


def ask(
    place: Place,
    name: str,
    kind: str,
    folder: Path,
    more: Mapping[str, str] = NOTHING,
    /,
    **asked: Any,
) -> dict[str, Any]:
    """What a function of the peer's script reports, run in a process of its own.

    `more` is added to its environment.
    """
    argv = [python(place), str(SCRIPT), name, json.dumps(asked)]
    return answer(argv, folder, {**environment(place, kind, folder), **more})


def version(place: Place) -> str:
    """Which MLflow was measured."""
    code = "import importlib.metadata as m, json; print(json.dumps({'v': m.version('mlflow')}))"
    found = answer([python(place), "-c", code], place.scratch, place.environment(PYTHONPATH=""))
    return str(found["v"])
