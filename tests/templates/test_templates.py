"""The files of `templates/` hold the rules that keep a check from being led astray."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlgit.ci import FORGES, Wanted, files
from mlgit.errors import InvalidValue

ROOT = Path(__file__).parents[2] / "templates"
GUARDED = Wanted("github", "mlgit", "mlgit-registry", "0.1.0", ("@team/leads",))
WORKFLOWS = [
    (forge, name)
    for forge in ("github", "gitea")
    for name in ("gate", "report", "landed", "readme")
]
#: What an event brings and may stand in `env`: ids, numbers, names of refs; never prose.
MAY_BE_SAID = {
    "github.server_url",
    "github.repository",
    "github.token",
    "github.event.number",
    "github.event.before",
    "github.event.after",
    "github.event.pull_request.head.sha",
    "github.event.pull_request.base.sha",
    "github.event.pull_request.base.ref",
    "github.event.merge_group.head_ref",
    "github.event.merge_group.head_sha",
    "github.event.merge_group.base_sha",
}


def of(forge: str, **more: Any) -> dict[str, bytes]:
    return files(GUARDED._replace(forge=forge, **more))


def workflow(forge: str, name: str) -> dict[str, Any]:
    path = f".{forge}/workflows/mlgit-{name}.yml"
    loaded: dict[str, Any] = yaml.load(of(forge)[path], yaml.BaseLoader)
    return loaded


def gitlab() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(of("gitlab")[".gitlab/mlgit-ci.yml"], yaml.BaseLoader)
    return loaded


def jobs(forge: str, name: str) -> Iterator[dict[str, Any]]:
    yield from workflow(forge, name)["jobs"].values()


def scripts(forge: str, name: str) -> Iterator[str]:
    for job in jobs(forge, name):
        yield from (step["run"] for step in job["steps"])


def expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from expressions(one)
    elif isinstance(value, list):
        for one in value:
            yield from expressions(one)
    else:
        yield from re.findall(r"\$\{\{(.*?)\}\}", value)


@pytest.mark.parametrize("forge", FORGES)
def test_every_file_is_yaml_without_a_placeholder_left(forge: str) -> None:
    made = of(forge)
    assert {path.name for path in (ROOT / forge).iterdir()} == {
        Path(path).name for path in made if path.endswith(".yml")
    }
    for path, data in made.items():
        assert not re.search(rb"@[A-Z]+@", data), path
        assert all(len(line) <= 140 for line in data.decode().splitlines())
        if path.endswith(".yml"):
            yaml.safe_load(data)


@pytest.mark.parametrize(("forge", "name"), WORKFLOWS)
def test_no_word_of_an_event_is_pasted_into_a_script(forge: str, name: str) -> None:
    for script in scripts(forge, name):
        assert "${{" not in script
    for found in expressions(workflow(forge, name)):
        said = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)+", found))
        assert said <= MAY_BE_SAID, found


@pytest.mark.parametrize(("forge", "name"), WORKFLOWS)
def test_a_token_reads_and_no_secret_is_named(forge: str, name: str) -> None:
    found = workflow(forge, name)
    (job,) = found["jobs"].values()
    if name == "readme":
        assert (found["permissions"], job["permissions"]) == ({}, {"contents": "write"})
    else:
        assert (found["permissions"], job.get("permissions")) == ({"contents": "read"}, None)
    text = (ROOT / forge / f"mlgit-{name}.yml").read_text()
    assert "secrets" not in text
    assert "GITHUB_ENV" not in text
    assert "GITHUB_PATH" not in text
    with_token = [
        step["name"]
        for job in jobs(forge, name)
        for step in job["steps"]
        if "TOKEN" in step.get("env", {})
    ]
    assert with_token == (["Write"] if name == "readme" else ["Fetch"])


@pytest.mark.parametrize(("forge", "name"), WORKFLOWS)
def test_nothing_is_checked_out_and_actions_are_pinned(forge: str, name: str) -> None:
    for job in jobs(forge, name):
        for step in job["steps"]:
            assert "checkout" not in step.get("uses", "")
            assert re.fullmatch(r"(\S+@[0-9a-f]{40})?", step.get("uses", ""))
            assert "bash" in job["defaults"]["run"]["shell"], "with it come -e and pipefail"
    for script in scripts(forge, name):
        assert not re.search(r"git (?:-C \S+ )?(checkout|switch|worktree|reset|clone)", script)
        assert "cache" not in script


@pytest.mark.parametrize(("forge", "name"), WORKFLOWS)
def test_mlgit_is_pinned_and_its_parts_are_not_built(forge: str, name: str) -> None:
    assert all(job["env"]["MLGIT_VERSION"] == "0.1.0" for job in jobs(forge, name))
    install = next(scripts(forge, name))
    assert 'pip" install --quiet --only-binary :all: "mlgit==$MLGIT_VERSION"' in install


@pytest.mark.parametrize("forge", ["github", "gitea"])
def test_the_gate_runs_from_a_trusted_branch_for_every_proposal(forge: str) -> None:
    found = workflow(forge, "gate")
    events = {"pull_request_target"} | ({"merge_group"} if forge == "github" else set())
    assert set(found["on"]) == events
    for event in found["on"].values():
        assert not {"paths", "paths-ignore", "branches-ignore"} & set(event)
        assert event.get("branches", ["mlgit-registry"]) == ["mlgit-registry"]
    types = set(found["on"]["pull_request_target"]["types"])
    assert {"opened", "reopened", "synchronize", "edited"} <= types
    (job,) = found["jobs"].values()
    assert "if" not in job
    assert "continue-on-error" not in str(found)
    assert job["name"] == "mlgit gate"


@pytest.mark.parametrize(("forge", "name"), WORKFLOWS)
def test_nothing_but_the_gate_has_its_name(forge: str, name: str) -> None:
    named = [job["name"] for job in jobs(forge, name)]
    assert ("mlgit gate" in named) == (name == "gate")


@pytest.mark.parametrize("name", ["gate", "report", "landed", "readme"])
def test_both_dialects_do_the_same(name: str) -> None:
    def bare(forge: str) -> str:
        text = "\n".join(scripts(forge, name))
        text = text.replace(' >> "$GITHUB_STEP_SUMMARY"', "")
        text = text.replace("base=${BASE_SHA:-refs/remotes/origin/$GUARDED}\n", "")
        text = text.replace('"$base"', '"refs/remotes/origin/$GUARDED"')
        return re.sub(r"\{ echo '```\w+'; (.*); echo '```'; \}", r"\1", text)

    assert bare("github") == bare("gitea")


def test_gitlab_judges_every_proposal_and_runs_nothing_of_it() -> None:
    found = gitlab()
    gate = found["mlgit gate"]
    assert gate["extends"] == ".mlgit"
    assert not {"allow_failure", "only", "except"} & set(gate)
    (rule,) = gate["rules"]
    assert set(rule) == {"if"}
    assert "merge_request_event" in rule["if"]
    assert found[".mlgit"]["variables"]["GIT_STRATEGY"] == "none"
    assert found[".mlgit"]["variables"]["MLGIT_VERSION"] == "0.1.0"
    assert found[".mlgit"]["inherit"] == {"default": "false", "variables": "false"}
    for name, job in found.items():
        for script in job.get("script", []) if isinstance(job, dict) else []:
            assert not re.search(r"\b(checkout|switch|worktree|clone|eval)\b", script), name
            said = set(re.findall(r"\$\{?(CI_\w+)", script))
            assert not any(re.search("TITLE|DESCRIPTION|MESSAGE|AUTHOR", one) for one in said)


def test_gitlab_keeps_the_pipelines_of_code_to_code() -> None:
    rules = gitlab()["code"]["rules"]
    assert [rule.get("when") for rule in rules] == ["never", "never", None]
    for rule in rules[:2]:
        assert '"mlgit"' in rule["if"]
        assert '"mlgit-registry"' in rule["if"]
    shut = gitlab()["workflow"]["rules"][1]
    assert shut == {"if": r"$CI_COMMIT_BRANCH =~ /^mlgit-promote\//", "when": "never"}


@pytest.mark.parametrize("forge", FORGES)
def test_owners_of_a_branch_of_its_own_own_all_of_it(forge: str) -> None:
    pattern = ".*" if forge == "gitea" else "*"
    assert of(forge)["CODEOWNERS"] == f"{pattern} @team/leads\n".encode()
    one = of(forge, guarded="mlgit")["CODEOWNERS"].decode().splitlines()
    patterns = [line.split()[0] for line in one]
    assert len(patterns) == 6
    if forge == "gitea":
        policy, _, _, stages, *_ = map(re.compile, patterns)
        assert policy.fullmatch("registry/policy.yaml")
        assert stages.fullmatch("registry/models/churn/stages/1.yaml")
    else:
        assert patterns[0] == "/registry/policy.yaml"
        assert patterns[-1].startswith(f"/.{forge}")
    assert "CODEOWNERS" not in of(forge, owners=())


@pytest.mark.parametrize(
    "odd",
    [
        {"version": "0.1.0; touch pwned"},
        {"version": "git+https://example.org/x"},
        {"version": ""},
        {"data": 'mlgit"]\njobs: {}'},
        {"guarded": "${{secrets.X}}"},
        {"guarded": "-x"},
        {"owners": ("@a\n* @b",)},
        {"owners": ("",)},
    ],
)
def test_what_could_mean_something_else_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        files(GUARDED._replace(**odd))
