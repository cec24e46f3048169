"""Where every file of the branch lives: the only code that joins parts of a path.

`parse_path` is the exact inverse of the functions here; any other path is None to it.
"""

from __future__ import annotations

import re
from time import gmtime, strftime

from mlgit import errors, times
from mlgit.records.located import Located, is_segment, parse_path
from mlgit.records.safe_names import (
    artifact_file,
    experiment_id,
    folder_name,
    model_part,
    part_may_start,
    run_part,
    safe_name,
    shard,
)

__all__ = [
    "Located",
    "artifact_file",
    "experiment_id",
    "folder_name",
    "is_segment",
    "model_part",
    "parse_path",
    "part_may_start",
    "run_part",
    "safe_name",
    "shard",
]

ATTRIBUTES = ".gitattributes"
SETTINGS = "mlgit.yaml"
README = "README.md"
POLICY = "registry/policy.yaml"
TRUST = "trust.yaml"
EPOCH = "epoch.yaml"
UNSHARED = "unshared"  # a folder

#: Files below a run's folder.
RUN = "run.yaml"
LOGGED_MODEL = "logged-model.yaml"
METRICS = "metrics.csv"
INPUTS = "inputs.yaml"
ARTIFACTS = "artifacts.yaml"
ENVIRONMENT = "environment.txt"
PATCH = "code.patch"

#: The content of `.gitattributes`: bytes stay as they are, and git never merges records by line.
ATTRIBUTES_TEXT = b"* -text\n*.yaml -merge\n*.csv -merge\n"

#: Kinds of files that decide: on a branch of their own where the registry is protected.
GUARDED = frozenset({"alias", "stage", "policy", "trust", "approval"})
#: What forges read from the branch that they guard.
OF_FORGES = ("CODEOWNERS", ".github", ".gitlab", ".gitlab-ci.yml", ".gitea", ".forgejo")

_WRITER = r"[a-z0-9]{1,32}"


def experiment_path(folder: str) -> str:
    """`experiment.yaml` of an experiment's folder."""
    return f"runs/{folder}/experiment.yaml"


def run_folder(experiment_folder: str, start_ms: int, run_id: str) -> str:
    """The folder of a run, for ever: a function of these three.

    Raises:
        errors.InvalidValue: The start is before 1970 or after 9999.
    """
    return _dated(experiment_folder, start_ms, run_id, run_part(run_id))


def model_folder(experiment_folder: str, created_ms: int, model_id: str) -> str:
    """The folder of a logged model, for ever: a function of these three.

    Raises:
        errors.InvalidValue: The time is before 1970 or after 9999.
    """
    return _dated(experiment_folder, created_ms, model_id, model_part(model_id))


def _dated(experiment_folder: str, ms: int, whole_id: str, part: str) -> str:
    if not 0 <= ms <= times.MAX_TIME_MS:
        raise errors.InvalidValue(f"{ms} ms is not a time between 1970 and 9999", time=ms)
    day, clock = strftime("%Y-%m-%d %H%M%S", gmtime(ms // 1000)).split()
    return f"runs/{experiment_folder}/{day}/{shard(whole_id)}/{clock}-{part}"


def segment_name(writer: str = "", number: int = 0) -> str:
    """The file of a metric segment: the run's first, or the `number`-th of a writer.

    Raises:
        errors.InvalidValue: `writer` is not 1 to 32 lower-case letters and digits.
    """
    if not writer:
        return METRICS
    if not re.fullmatch(_WRITER, writer) or number < 0:
        raise errors.InvalidValue(f"not a segment of a writer: {writer!r:.60}, {number}")
    return f"metrics.{writer}-{number}.csv"


def model_path(model: str) -> str:
    """`model.yaml` of a registered model's folder."""
    return f"registry/models/{model}/model.yaml"


def version_path(model: str, number: int) -> str:
    """The file of one model version."""
    return f"registry/models/{model}/versions/{number}.yaml"


def alias_path(model: str, alias: str) -> str:
    """The file of one alias; `alias` is its `folder_name`."""
    return f"registry/models/{model}/aliases/{alias}.yaml"


def stage_path(model: str, number: int) -> str:
    """The file of the stage of one model version."""
    return f"registry/models/{model}/stages/{number}.yaml"


def deployment_path(target: str, name: str) -> str:
    """The file that says what a target serves under a name; both are `folder_name`s."""
    return f"deployments/{target}/{name}.yaml"


def approval_path(proposal: str, who: str) -> str:
    """The file of one person's approval of one proposal; both are `folder_name`s."""
    return f"approvals/{proposal}/{who}.yaml"


def unshared_path(name: str) -> str:
    """The file of bytes that were published by name only; its name comes from its content."""
    return f"{UNSHARED}/{name}.yaml"
