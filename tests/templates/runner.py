"""A forge that is a bare repository and a folder in which jobs run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from mlgit.ci import Wanted, files
from mlgit.git.oid import Oid
from mlgit.store.store import Store
from tests.support.repos import git

GITLAB = files(Wanted("gitlab", "mlgit", "mlgit", "0.1.0"))[".gitlab/mlgit-ci.yml"]


class Job(NamedTuple):
    """What a job left: its exit code, what it printed, and its summary."""

    code: int
    printed: str
    summary: str


class Forge:
    """A bare repository and the place where jobs run."""

    def __init__(self, repo: Path, base: Path) -> None:
        self.repo, self.place = repo, base / "runner"
        (self.place / "venv").mkdir(parents=True)
        (self.place / "venv" / "bin").symlink_to(Path(sys.executable).parent)
        git(base, "clone", "-q", "--bare", str(repo), "hub.git", check=True)
        self.hub = base / "hub.git"

    def propose(self, store: Store, head: Oid, number: int = 1) -> str:
        """Push a proposal as the forge would show it; its id."""
        to = [f"{head.decode()}:refs/pull/{number}/head"]
        to += [f"{head.decode()}:refs/merge-requests/{number}/head"]
        git(self.repo, "push", "-q", str(self.hub), "+mlgit", "main", *to, check=True)
        assert store.repository.objects.contains(head)
        return head.decode()

    def run(self, scripts: list[str], shell: list[str], env: dict[str, str]) -> Job:
        """Run scripts one after the other until one fails; mlgit is there already."""
        summary = self.place / "summary.md"
        summary.write_text("")
        path = f"{self.place / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        more = {"RUNNER_TEMP": str(self.place), "GITHUB_STEP_SUMMARY": str(summary)}
        more |= {"PLACE": str(self.place), "PATH": path} if "CI_REPOSITORY_URL" in env else {}
        printed = ""
        for script in scripts:
            argv = [*shell, script]
            child = subprocess.run(
                argv,
                cwd=self.place,
                env={**os.environ, **env, **more},
                capture_output=True,
                text=True,
            )
            printed += child.stdout + child.stderr
            if child.returncode:
                return Job(child.returncode, printed, summary.read_text())
        return Job(0, printed, summary.read_text())

    def workflow(self, forge: str, name: str, said: dict[str, str], guarded: str = "mlgit") -> Job:
        """Run the only job of a workflow, but for its first step, which installs."""
        made = files(Wanted(forge, "mlgit", guarded, "0.1.0"))
        found = yaml.safe_load(made[f".{forge}/workflows/mlgit-{name}.yml"])
        (job,) = found["jobs"].values()
        steps = job["steps"][1:]
        env = {
            **job["env"],
            **{key: value for one in steps for key, value in one.get("env", {}).items()},
        }
        env |= {"URL": f"file://{self.hub}", "TOKEN": "t0ken", **said}
        assert not [key for key, value in env.items() if "${{" in value and key not in said]
        return self.run([one["run"] for one in steps], ["bash", "-eo", "pipefail", "-c"], env)

    def gitlab(self, name: str, said: dict[str, str]) -> Job:
        """Run the script of a job of GitLab."""
        found = yaml.safe_load(GITLAB)
        env = {**found[".mlgit"]["variables"], "CI_REPOSITORY_URL": f"file://{self.hub}", **said}
        return self.run(["\n".join(found[name]["script"])], ["bash", "-c"], env)

    def gate(self, by: str, head: str, number: int = 1) -> Job:
        """Have a forge judge a proposal."""
        if by == "gitlab":
            return self.gitlab(
                "mlgit gate", {"CI_MERGE_REQUEST_IID": str(number), "CI_COMMIT_SHA": head}
            )
        said = {"HEAD_REF": f"refs/pull/{number}/head", "HEAD_SHA": head, "BASE_SHA": ""}
        return self.workflow(by, "gate", said)

    def untouched(self) -> bool:
        """Whether nothing was checked out, and nothing ran."""
        known = {"venv", "summary.md", "store.git", "verdict.txt"}
        return {path.name for path in self.place.iterdir()} <= known and not [
            path
            for path in self.place.rglob("*")
            if path.name in ("pwned", "train.py", "churn.yaml")
        ]
