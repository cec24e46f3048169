"""MLflow's pages in a browser: over a store they show what they do over MLflow's own database."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from mlgit import MlgitClient
from tests.full.step import KEPT
from tests.mlflow.serving import server

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]
_PICTURES = KEPT / "pages"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_HARMLESS = "^Failed to load resource|ResizeObserver loop"
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


class Shown(NamedTuple):
    """A page: its name, its address after the `#`, and what can be read on it."""

    name: str
    path: str
    texts: tuple[str, ...]


_PAGES = (
    Shown("experiments", "/experiments", ("churn",)),
    Shown("runs", "/experiments/{e}/runs", ("first-run", "second-run", "customers")),
    Shown("chart", "/experiments/{e}/runs?compareRunsMode=CHART", ("first-run", "loss", "wild")),
    Shown("run", "/experiments/{e}/runs/{a}", ("first-run", "depth", "team", "endless")),
    Shown("run-metrics", "/experiments/{e}/runs/{a}/model-metrics", ("loss", "acc", "endless")),
    Shown("run-artifacts", "/experiments/{e}/runs/{a}/artifacts", ("notes", "config.json")),
    Shown("run-text", "/experiments/{e}/runs/{a}/artifacts/notes/a.txt", ("from first-run",)),
    Shown("run-table", "/experiments/{e}/runs/{a}/artifacts/table.json", ("question",)),
    Shown("child", "/experiments/{e}/runs/{c}", ("child-of-first-run", "Parent run")),
    Shown(
        "compare",
        "/compare-runs?runs={runs}&experiments={experiments}",
        ("Comparing 2 Runs", "first-run", "second-run"),
    ),
    Shown("logged-models", "/experiments/{e}/models", ("doubler", "Ready")),
    Shown("logged-model", "/experiments/{e}/models/{m}", ("doubler", "{m}", "churn-model")),
    Shown("logged-model-files", "/experiments/{e}/models/{m}/artifacts", ("MLmodel",)),
    Shown("models", "/models", ("churn-model",)),
    Shown("model", "/models/churn-model", ("Who leaves", "champion")),
    Shown("version", "/models/churn-model/versions/1", ("Version 1", "first-run", "champion")),
    Shown(
        "compare-versions",
        "/compare-model-versions?name=%22churn-model%22&runs={versions}",
        ("Comparing 2 Versions",),
    ),
    Shown("prompts", "/prompts", ("greeting",)),
    Shown("prompt", "/prompts/greeting", ("Hello",)),
    Shown("traces", "/experiments/{e}/traces", ("Traces",)),
    Shown("datasets", "/experiments/{e}/datasets", ("Datasets",)),
    Shown("judges", "/experiments/{e}/judges", ("Judges",)),
)


@pytest.fixture
def browser() -> Iterator[Any]:
    """A browser that finds nothing but this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="by `.ci/full mlflow-pages`")
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip("there is no browser")
    with playwright.sync_playwright() as found:
        started = found.chromium.launch(executable_path=program, args=_OPTIONS)
        yield started
        started.close()


def test_pages_show_what_they_do_over_a_database(
    ours: MlgitClient,
    template: Path,
    browser: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = _visited(browser, ours.tracking_uri, tmp_path, "store")
    apart = tmp_path / "database"
    apart.mkdir()
    monkeypatch.chdir(apart)  # MLflow puts artifacts where it stands
    database = shutil.copy(template, apart / "mlflow.db")
    theirs = _visited(browser, f"sqlite:///{database}", tmp_path, "database")
    worse = {name: found - theirs[name] for name, found in mine.items() if found - theirs[name]}
    assert not worse


def _visited(browser: Any, uri: str, folder: Path, kind: str) -> dict[str, set[str]]:
    """What went wrong on each page; on each what it is about has been read."""
    ids = _filled(uri)
    pictures = _PICTURES / kind
    pictures.mkdir(parents=True, exist_ok=True)
    with server(uri, folder / f"{kind}.txt", workers=1) as url:
        return {one.name: _troubles(browser, url, one, ids, pictures) for one in _PAGES}


def _troubles(
    browser: Any, url: str, shown: Shown, ids: dict[str, str], pictures: Path
) -> set[str]:
    """Failed requests and errors of a page, without the ids in them."""
    found: set[str] = set()
    answers: list[Any] = []
    page = browser.new_page(viewport={"width": 1680, "height": 1000})
    page.on("response", lambda one: answers.append(one))
    page.on("console", lambda one: found.add(one.text) if _is_error(one) else None)
    page.on("pageerror", lambda error: found.add(f"thrown: {error}"))
    page.goto(f"{url}/#{shown.path.format(**ids)}")
    for text in shown.texts:
        page.get_by_text(text.format(**ids)).filter(visible=True).first.wait_for(timeout=30_000)
    _settle(page, answers)
    page.screenshot(path=pictures / f"{shown.name}.png")
    page.close()
    found |= {f"{one.status} {one.request.method} {one.url}" for one in answers if one.status > 399}
    return {_without(ids, url, text) for text in found}


def _is_error(message: Any) -> bool:
    """Requests are looked at themselves; the layout of a page settles sooner or later."""
    return message.type == "error" and not re.search(_HARMLESS, message.text)


def _settle(page: Any, answers: list[Any]) -> None:
    before = -1
    while before != len(answers):
        before = len(answers)
        page.wait_for_timeout(1_000)


def _without(ids: dict[str, str], url: str, text: str) -> str:
    plain = text.replace(url, "")
    for name, one in ids.items():
        plain = plain.replace(one, name) if len(one) > 8 else plain
    return re.sub(r"=\d+", "=0", plain)


def _filled(uri: str) -> dict[str, str]:
    """Runs, models and a prompt; their ids as addresses have them."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(None)
    experiment = mlflow.set_experiment("churn").experiment_id
    (a, c, m), (b, _, _) = _run("first-run", 0.1), _run("second-run", 0.2)
    client = mlflow.MlflowClient()
    client.update_registered_model("churn-model", "Who leaves")
    client.set_registered_model_alias("churn-model", "champion", "1")
    client.set_model_version_tag("churn-model", "1", "checked", "yes")
    mlflow.genai.register_prompt(name="greeting", template="Hello {{name}}")
    listed = {"runs": [a, b], "experiments": [experiment], "versions": {"1": a, "2": b}}
    return {
        "e": experiment,
        "a": a,
        "b": b,
        "c": c,
        "m": m,
        **{name: quote(json.dumps(one)) for name, one in listed.items()},
    }


def _run(name: str, rate: float) -> tuple[str, str, str]:
    """The ids of a new run, of its child and of its logged model."""
    import mlflow
    import pandas as pd

    with mlflow.start_run(run_name=name, tags={"team": "risk"}) as run:
        mlflow.log_params({"lr": rate, "depth": 3})
        for step in range(10):
            mlflow.log_metrics({"loss": rate / (step + 1), "acc": 1 - rate / (step + 1)}, step=step)
        for step, value in enumerate((1.0, inf, -inf, nan)):
            mlflow.log_metric("wild", value, step=step)
        mlflow.log_metric("endless", inf)
        mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="customers"))
        mlflow.log_text(f"hello from {name}", "notes/a.txt")
        mlflow.log_dict({"rate": rate}, "config.json")
        mlflow.log_table({"question": ["who"], "answer": ["he"]}, "table.json")
        model: Any = mlflow.pyfunc.log_model(
            name="doubler",
            python_model=lambda model_input: [2 * one for one in model_input],
            pip_requirements=[],
            registered_model_name="churn-model",
        )
        mlflow.log_metric("auc", 0.9, model_id=model.model_id)
        with mlflow.start_run(run_name=f"child-of-{name}", nested=True) as child:
            mlflow.log_metric("loss", rate)
    return run.info.run_id, child.info.run_id, model.model_id
