"""The card of a version, and the badge of an alias."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import yaml

import mlgit
from mlgit.records.model_version import ModelVersion
from mlgit.records.registered_model import RegisteredModel
from mlgit.registry import catalogue, models, versions
from mlgit.registry.badge import svg
from mlgit.registry.card import card
from mlgit.registry.compare import Comparison, Row, compare
from mlgit.registry.sight import sight
from mlgit.registry.source import request_of
from mlgit.store.store import Store
from tests.support.rendered import HOSTILE, acting, pages


def test_a_card_says_what_the_version_is(store: Store) -> None:
    with mlgit.start_run() as run:
        mlgit.log_metrics({"val/auc": 0.924, "broken": float("nan")})
        mlgit.log_param("depth", 8)
        mlgit.log_text("weights", "model.txt")
    request = request_of(sight(store), f"runs:/{run.info.run_id}")
    versions.register(store, "churn", request)
    models.set_tag(store, "churn", "license", "apache-2.0")
    models.set_tag(store, "churn", "tabular", "")
    models.describe(store, "churn", "Who leaves.\n\n# Not a heading")
    data = sight(store).data
    facts = compare(data, "churn", "", catalogue.version(data, "churn", 1).uid)
    _, front, text = card(catalogue.model(data, "churn"), facts, ["production"]).split("---\n", 2)
    said = yaml.safe_load(front)
    assert said["license"] == "apache-2.0"
    assert said["tags"] == ["mlgit", "tabular"]
    assert said["model-index"][0]["results"][0]["metrics"] == [
        {"type": "val/auc", "name": "val/auc", "value": 0.924}
    ]
    assert "# churn, version 1" in text
    assert "> Who leaves." in text
    assert "Aliases: `production`." in text
    assert "| `depth` | `8` |" in text
    assert f"- run: `{run.info.run_id}`" in text
    assert all(page.tags.count("h1") == 1 for page in pages(text))


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
def test_no_text_of_a_user_does_anything_in_a_card(value: str) -> None:
    value = value.replace("\ud800", "")  # no record holds half a character
    version = ModelVersion(5, "b" * 16, "READY", 0, description=value, source=value)
    rows = [Row(section, value, None, value) for section in ("params", "data", "code")]
    facts = Comparison(None, version._replace(tags={"license": value}), tuple(rows))
    model = RegisteredModel(value, "x", 0, 0, tags={value: ""})
    whole = card(model, facts, [value])
    _, front, text = whole.split("---\n", 2)
    assert yaml.safe_load(front)["license"] == value
    assert acting(text) == []
    wanted = {"h1", "h2", "p", "ul", "li", "code", "pre", "blockquote", "table", "thead", "tbody"}
    for page in pages(text):
        assert set(page.tags) <= wanted | {"tr", "th", "td"}
        assert not page.links


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30])
def test_a_badge_is_a_picture_with_two_texts(value: str) -> None:
    root = ET.fromstring(svg(value, "v5"))
    kinds = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert kinds == ["svg", "title", "rect", "path", "g", "text", "text"]
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")][1] == "v5"
    assert int(root.attrib["width"]) < 600
