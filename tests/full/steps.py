"""The steps by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from tests.bench.__main__ import ARTIFACTS, BRIDGE, SHARING, SUITES
from tests.full import clouds, powercut, powercut_sharing, servers
from tests.full.step import KEPT, Outcome, Result, pytest, run

OLDEST = "3.10"
MLFLOW = "tests/mlflow"
AUTOLOG = f"{MLFLOW}/test_autologging.py"
PAGES = f"{MLFLOW}/test_pages.py"
_APART = (f"--ignore={AUTOLOG}", f"--ignore={PAGES}")
REAL_TOOLS = "tests/bridges/sources/test_real_tools.py"
FAULTS = (
    "tests/faults",
    "tests/artifacts/transfer/test_killed.py",
    "tests/holdings/test_killed_push.py",
    "tests/holdings/gc/test_steps.py",
)


def heavy_tests() -> Outcome:
    """Every test marked `full` but the fault sweeps and the servers."""
    apart = (
        *servers.APART,
        *clouds.APART,
        f"--ignore={MLFLOW}",
        f"--ignore={REAL_TOOLS}",
        *(f"--ignore={path}" for path in FAULTS),
    )
    return pytest(sys.executable, "-m", "full", *apart)


def fault_sweeps() -> Outcome:
    """Kills at every call, full disks, planted damage, git at work beside us."""
    return pytest(sys.executable, *FAULTS, *servers.APART)


def benchmarks() -> Outcome:
    """What tracking and searching cost, beside a peer or floor."""
    apart = SHARING.keys() | ARTIFACTS.keys() | BRIDGE.keys()
    return _measured("bench", sorted(SUITES.keys() - apart))


def sharing_benchmarks() -> Outcome:
    """What it costs to bring stores together, beside plain git."""
    return _measured("bench-sharing", list(SHARING))


def artifact_benchmarks() -> Outcome:
    """What artifacts cost, here and to a remote and back, beside bare copies and peers."""
    if not clouds.installed():
        return Outcome(Result.SKIPPED, "the server of the benchmark cannot be installed")
    return _measured("bench-artifacts", list(ARTIFACTS))


def bridge_benchmarks() -> Outcome:
    """What MLflow's client and server cost on our store, beside MLflow's own."""
    return _measured("bench-bridge", list(BRIDGE))


def _measured(step: str, names: list[str]) -> Outcome:
    written = KEPT / f"{step}.md"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.unlink(missing_ok=True)
    cache = os.environ.get("MLGIT_BENCH_DIR", str(KEPT / "bench"))
    argv = [sys.executable, "-m", "tests.bench", *names, "--write", str(written)]
    code, _ = run(argv, MLGIT_BENCH_DIR=cache)
    if not written.exists():
        return Outcome(Result.FAILED, "the benchmark did not end")
    text = written.read_text("utf-8")
    figures = f"{text.count('| pass |')} bars met, {text.count('| MISS |')} missed"
    return Outcome(Result.FAILED if code else Result.PASSED, figures, text)


def beside_mlflow() -> Outcome:
    """The same generated calls on MLflow's own stores and on ours."""
    python = _environment("mlflow", sys.executable, "mlflow>=3.17,<4")
    return pytest(python, MLFLOW, *_APART)


def beside_mlflow_2() -> Outcome:
    """The same on the oldest MLflow that is supported; what it lacks is left out, by name."""
    return pytest(_environment("mlflow-2", sys.executable, "mlflow==2.22.*"), MLFLOW, *_APART)


def autologging() -> Outcome:
    """What MLflow logs by itself of six frameworks."""
    frameworks = ("scikit-learn", "xgboost", "lightgbm", "pytorch-lightning", "keras")
    more = ("transformers", "accelerate", "torch", "mlflow>=3.17,<4")
    return pytest(_environment("mlflow-autolog", sys.executable, *frameworks, *more), AUTOLOG)


def pages() -> Outcome:
    """MLflow's pages in a browser, beside the same pages over MLflow's own database."""
    if not servers.has("chromium", "chromium"):
        return Outcome(Result.SKIPPED, "Chromium cannot be installed")
    return pytest(
        _environment("mlflow-pages", sys.executable, "mlflow>=3.17,<4", "playwright"), PAGES
    )


def other_tools() -> Outcome:
    """What the tools that runs are imported from write today."""
    tools = ("tensorboard", "wandb", "dvclive", "trackio", "sacred")
    return pytest(_environment("sources", sys.executable, *tools), REAL_TOOLS)


def oldest_python() -> Outcome:
    """The everyday tests on the oldest Python that is supported."""
    found = _oldest_python()
    if found is None:
        return Outcome(Result.SKIPPED, f"no Python {OLDEST} on this machine")
    return pytest(_environment(f"python-{OLDEST}", found), "-m", "not full")


def _environment(name: str, python: str, *more: str) -> Path:
    """The Python of an environment of its own with this project, and more packages, in it."""
    home = KEPT / name
    found = home / "bin" / "python"
    if not found.exists():
        subprocess.run([python, "-m", "venv", str(home)], check=True)
    pip = [str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", ".[test,system]", *more], check=True)
    return found


def _oldest_python() -> str | None:
    """A Python of that version: on the path, else beside this one, as version managers have it."""
    beside = Path(sysconfig.get_config_var("prefix")).parent.glob(f"{OLDEST}*/bin/python{OLDEST}")
    found = [shutil.which(f"python{OLDEST}"), *map(str, beside)]
    return next((path for path in found if path and _runs(path)), None)


def _runs(path: str) -> bool:
    """Whether it is a Python; a version manager leaves names that only say there is none."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


STEPS: dict[str, Callable[[], Outcome]] = {
    "tests-full": heavy_tests,
    "faults": fault_sweeps,
    "powercut": powercut.step,
    "powercut-sharing": powercut_sharing.step,
    "servers": servers.step,
    "clouds": clouds.step,
    "python-floor": oldest_python,
    "mlflow": beside_mlflow,
    "mlflow-2": beside_mlflow_2,
    "mlflow-autolog": autologging,
    "mlflow-pages": pages,
    "sources": other_tools,
    "bench": benchmarks,
    "bench-sharing": sharing_benchmarks,
    "bench-artifacts": artifact_benchmarks,
    "bench-bridge": bridge_benchmarks,
}
