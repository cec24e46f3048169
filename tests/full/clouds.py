"""Remotes of artifacts against real servers and clients: S3, Azure, Google, ssh, git-lfs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version

from tests.full.servers import has, has_ssh
from tests.full.step import KEPT, Outcome, Result, pytest

TESTS = (
    "tests/artifacts/remotes",
    "tests/holdings/gc/test_bundles.py",
    "tests/holdings/gc/test_remote.py",
    "tests/holdings/test_secrets.py",
)
APART = tuple(f"--ignore={path}" for path in TESTS)
AZURITE = "azurite@3.37.0"
_NPM = KEPT / "npm"
_PROGRAMS = _NPM / "node_modules" / ".bin"
_PACKAGES = ("s3fs", "gcsfs", "adlfs", "sshfs", "moto", "gcp-storage-emulator")
_OURS = ("--editable", ".[s3,gcs,azure,ssh,http]")
_SERVERS = ("moto[server,s3]>=5", "gcp-storage-emulator>=2024.8")


def step() -> Outcome:
    """One suite over every kind of remote, each behind a real server."""
    if not installed():
        return Outcome(Result.SKIPPED, "the packages cannot be installed")
    there = {"azurite": _has_azurite(), "ssh": has_ssh(), "git-lfs": has("git-lfs", "git-lfs")}
    lacking = [name for name, found in there.items() if not found]
    more = {} if lacking else {"MLGIT_TEST_CLOUDS": "required"}
    patience = "--timeout=600"  # a server that starts beside another takes its time
    done = pytest(sys.executable, *TESTS, patience, **more, MLGIT_TEST_NPM=str(_PROGRAMS))
    words = [f"{name} {version(name)}" for name in _PACKAGES]
    words += [f"without {name}" for name in lacking] or [AZURITE.replace("@", " ")]
    return Outcome(done.result, ", ".join([done.figures, *words]))


def installed() -> bool:
    """Whether clients and servers of all kinds are in this environment, put there if need be."""
    return _install(*_OURS) and _install(*_SERVERS, f"boto3=={version('botocore')}")


def _install(*packages: str) -> bool:
    """Install into this environment; moto with s3fs's boto3, which pip finds in ten minutes."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return subprocess.run([*pip, *packages], check=False).returncode == 0


def _has_azurite() -> bool:
    """Whether Azurite is there, installed now into this step's own folder if npm can."""
    program = _PROGRAMS / "azurite-blob"
    if not program.exists() and shutil.which("npm"):
        _NPM.mkdir(parents=True, exist_ok=True)
        argv = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(_NPM)]
        subprocess.run([*argv, AZURITE], cwd=_NPM, check=False)
    return program.exists()
