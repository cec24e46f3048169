"""Another peer, dvc: installed for the benchmark alone, in an environment of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.bench import peer, team
from tests.bench.place import Place, cost


def measure(place: Place, files: Path, url: str, env: Mapping[str, str]) -> dict[str, float]:
    """Seconds of `dvc push` of a folder to an empty remote, and of `dvc pull` without a cache."""
    home = peer.install(place, "dvc", "dvc", "dvc-s3")
    where = place.folder("dvc")
    sealed = place.environment(**env, PYTHONPATH="", DVC_NO_ANALYTICS="true")
    sealed["PATH"] = f"{home / 'bin'}{os.pathsep}{sealed['PATH']}"
    team.git(where, "init", "-q")
    shutil.copytree(files, where / "data")
    for argv in (
        ("dvc", "init", "-q"),
        ("dvc", "remote", "add", "-q", "-d", "main", url),
        ("dvc", "remote", "modify", "-q", "main", "endpointurl", env["AWS_ENDPOINT_URL"]),
        ("dvc", "add", "-q", "data"),
    ):
        cost(argv, where, sealed)
    taken = {"up": cost(("dvc", "push", "-q"), where, sealed).wall}
    shutil.rmtree(where / "data")
    shutil.rmtree(where / ".dvc" / "cache")
    return taken | {"down": cost(("dvc", "pull", "-q"), where, sealed).wall}
