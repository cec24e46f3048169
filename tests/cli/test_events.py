"""`mlgit events`: lines that a deploy job reads."""

from __future__ import annotations

import json
from pathlib import Path

from mlgit.registry import aliases
from mlgit.store.store import Store
from tests.cli.harness import done, mlgit
from tests.registry.helpers import registered
from tests.support.repos import git


def tip(repo: Path) -> str:
    return git(repo, "rev-parse", "mlgit", check=True).stdout.strip()


def decided(repo: Path, name: str = "churn") -> tuple[str, str, str]:
    """The tip before a version had an alias, after, and after that."""
    with Store.open(repo) as store:
        registered(store, name)
        before = tip(repo)
        aliases.set_alias(store, name, "production", 1)
        between = tip(repo)
        aliases.delete_alias(store, name, "production")
    return before, between, tip(repo)


def test_one_document_a_line(repo: Path) -> None:
    done("init")
    before, between, _ = decided(repo, 'a "b" $(id)')
    line = done("events", "--json", "--since", before, "--until", between)
    found = json.loads(line)
    assert line.count("\n") == 1
    assert (found["event"], found["name"], found["from"], found["to"]) == (
        *("alias-set", "production"),
        *(None, 1),
    )
    assert (found["model"], found["commit"]) == ('a "b" $(id)', between)
    assert list(found) == ["event", "model", "name", "from", "to", "uid", "manifest", "commit"]


def test_zeros_are_the_beginning_and_no_news_is_no_line(repo: Path) -> None:
    done("init")
    decided(repo)
    everything = done("events", "--json")
    assert done("events", "--json", "--since", "0" * 40) == everything
    assert [json.loads(line)["event"] for line in everything.splitlines()] == [
        *("model-created", "version-registered"),
        *("alias-set", "alias-deleted"),
    ]
    assert mlgit("events", "--since", tip(repo), "--json").stdout == ""


def test_a_person_sees_a_table(repo: Path) -> None:
    done("init")
    decided(repo)
    lines = mlgit("events", "--color", "never", tty=True).stdout.splitlines()
    assert lines[0].split() == ["EVENT", "MODEL", "NAME", "FROM", "TO", "COMMIT"]
    assert len(lines) == 5


def test_an_unknown_commit_is_said(repo: Path) -> None:
    done("init")
    decided(repo)
    assert mlgit("events", "--since", "nowhere").code == 3
    assert mlgit("events", "--since", "main").code == 3
    assert mlgit("events", "--since", "--output=x").code == 3
