"""The front page of the branch: what it says, that it is harmless, and that nothing fails on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlgit
from mlgit import readme
from mlgit.registry import aliases, stages, versions
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.runs import capture
from mlgit.search.index import Index
from mlgit.store.store import Store
from tests.support.rendered import HOSTILE, acting, pages
from tests.support.repos import git


@pytest.fixture
def store(repo: Path) -> Iterator[Store]:
    capture.forget()
    Store.init(repo)
    with Store.open(repo) as opened:
        yield opened


def page(store: Store) -> str:
    with Index(store) as index:
        return readme.text_of(sight(store), index)


def logged(name: str, metric: str = "auc", value: float = 0.9) -> str:
    with mlgit.start_run(run_name=name) as run:
        mlgit.log_metric(metric, value)
        mlgit.log_text("weights", "model.txt")
    return str(run.info.run_id)


def registered(store: Store, run_id: str, model: str = "churn") -> int:
    return versions.register(store, model, request_of(sight(store), f"runs:/{run_id}")).number


def test_it_names_the_best_and_the_newest_and_who_serves_what(store: Store) -> None:
    mlgit.set_experiment("trees")
    first = logged("good", value=0.95)
    logged("newest", value=0.85)
    number = registered(store, first)
    aliases.set_alias(store, "churn", "production", number)
    stages.transition(store, "churn", number, "Staging")
    uid = aliases_uid(store)
    served = f"format: 1\ntarget: k8s-eu\nname: api\nmodel: churn\nuid: '{uid}'\n"
    with store.change("by hand") as change:
        change.put("deployments/k8s-eu/api.yaml", served.encode())
        change.put("deployments/k8s-eu/broken.yaml", b"{")
    text = page(store)
    assert (
        "| [`churn`](registry/models/churn/model.yaml) | v1 | `production` v1 | v1 Staging |"
        in text
    )
    assert "| `k8s-eu/api` v1 |" in text
    row = next(line for line in text.splitlines() if "`trees`" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "2"
    assert cells[2].startswith("[`newest`](runs/trees/")
    assert cells[3].startswith("[`good`](runs/trees/")
    assert cells[4] == "`auc` 0.95"
    assert f'v{uid} --> a{uid}_{b"production".hex()}(["production"])' in text


def aliases_uid(store: Store) -> str:
    from mlgit.registry import catalogue

    found = catalogue.alias(sight(store).guarded, "churn", "production")
    assert found is not None
    return found.uid


def test_every_link_leads_to_a_file_of_the_branch(store: Store) -> None:
    mlgit.set_experiment("strange (name) [x]")
    registered(store, logged("a|b](http://evil.example)"), "model](x) |")
    snapshot = store.snapshot()
    for shown in pages(page(store)):
        assert len(shown.links) == 4
        for link in shown.links:
            assert snapshot.read(link) is not None or snapshot.names(link), link


def test_no_text_of_a_user_does_anything(store: Store) -> None:
    for number, value in enumerate(HOSTILE[:30]):
        usable = "".join(one for one in value if one.isprintable())[:200] or "x"
        mlgit.set_experiment(usable)
        model = usable.replace("/", "").replace(":", "").strip(". ") or f"m{number}"
        made = registered(store, logged(usable), model)
        aliases.set_alias(store, model, "production", made)
    text = page(store)
    fence = text.index("```mermaid")
    drawn = text[fence : text.index("```\n", fence) + 4]
    prose = re.sub(r"\]\([^)]*\)", "]", text.replace(drawn, ""))
    assert acting(prose) == []
    assert not set(drawn.replace("```", "")) & set("`<&;@%")
    allowed = {"h1", "h2", "p", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
    assert all(set(shown.tags) <= allowed for shown in pages(text))


def test_it_is_one_commit_and_none_where_nothing_changed(store: Store, repo: Path) -> None:
    logged("one")
    assert readme.write(store)
    assert not readme.write(store)
    subject = git(repo, "log", "-1", "--format=%s", "mlgit", check=True).stdout
    assert subject == "readme: the page of the branch [skip ci]\n"
    assert git(repo, "show", "mlgit:README.md", check=True).stdout == page(store)
    logged("two")
    assert readme.write(store)


def test_an_empty_store_has_a_page(store: Store) -> None:
    assert page(store).startswith("# Experiments\n")
