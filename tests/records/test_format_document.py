"""`docs/format.md` says what the code does: examples, paths, keys, limits, the first commit."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from mlgit.records import inputs, layout, names, settings, text, yaml_foreign
from mlgit.records.run_yaml import HARD_LIMIT, SOFT_LIMIT
from mlgit.records.schema_rules import Section
from mlgit.records.schema_table import KINDS
from mlgit.records.system_tags import SYSTEM_TAGS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "format.md").read_text("utf-8")
GOLDEN = ROOT / "tests" / "golden" / "format-1"
EXAMPLES = re.findall(r"<!-- golden: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
KEY_TABLES = re.findall(r"<!-- keys: (\S+) -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE)


def table(mark: str) -> list[str]:
    """The first cell of each row below a mark."""
    found = re.search(rf"<!-- {mark} -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE)
    assert found
    return [row.split("|")[1].strip() for row in found[1].splitlines()]


@pytest.mark.parametrize(("path", "example"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_an_example_is_a_part_of_the_golden_file(path: str, example: str) -> None:
    assert example in (GOLDEN / path).read_text("utf-8")


def test_every_kind_of_file_has_an_example_and_a_table_of_keys() -> None:
    shown = {found.kind for path, _ in EXAMPLES if (found := layout.parse_path(path))}
    assert shown >= set(KINDS) | {"metrics", "attributes"}
    assert {name.partition(".")[0] for name, _ in KEY_TABLES} == set(KINDS)


@pytest.mark.parametrize(("name", "rows"), KEY_TABLES, ids=[name for name, _ in KEY_TABLES])
def test_a_table_of_keys_is_that_of_the_schema(name: str, rows: str) -> None:
    kind, _, inner = name.partition(".")
    rule = KINDS[kind].fields[inner] if inner else KINDS[kind]
    assert isinstance(rule, Section)
    first = " ".join(row.split("|")[1] for row in rows.splitlines())
    assert set(re.findall(r"`(\w+)`", first)) == set(rule.fields)
    assert set(re.findall(r"\*\*`(\w+)`\*\*", first)) == rule.required


def test_the_paths_are_those_of_the_golden_store() -> None:
    for cell in table("paths"):
        assert (GOLDEN / cell.strip("`")).is_file()
    shown = {found.kind for cell in table("paths") if (found := layout.parse_path(cell.strip("`")))}
    assert shown == set(KINDS) | {
        "attributes", "readme", "metrics", "inline", "environment", "patch"
    }  # fmt: skip


def test_the_reserved_tags_are_those_of_the_code() -> None:
    found = re.findall(r"\| `(mlflow\.\S+)` \| `(\S+)` \|", PAGE)
    assert dict(found) == SYSTEM_TAGS


def test_the_limits_are_those_of_the_code() -> None:
    found = re.search(r"<!-- limits -->\n((?:\|.*\n)+)", PAGE)
    assert found
    limits = settings.Limits()
    assert [int(number) for number in re.findall(r"\| (\d+) \w+ \|", found[1])] == [
        limits.inline_file,
        limits.inline_run,
        limits.patch,
        limits.metrics,
        SOFT_LIMIT,
        HARD_LIMIT,
        yaml_foreign.MAX_BYTES,
        text.MAX_DEPTH,
        names.MAX_KEY,
        names.MAX_PARAM_VALUE,
        names.MAX_TAG_VALUE,
        names.MAX_EXPERIMENT_TAG_VALUE,
        names.MAX_EXPERIMENT_NAME,
        names.MAX_RUN_NAME,
        len(str(names.MAX_STEP)),
        *inputs.MAX_LENGTHS.values(),
    ]


def test_the_first_commit_has_the_id_that_the_page_says() -> None:
    found = re.search(r"ROOT-COMMIT-ID ([0-9a-f]{40})\n\n(.*?)```", PAGE, re.DOTALL)
    assert found
    command = ["git", "hash-object", "-t", "commit", "--stdin"]
    done = subprocess.run(command, input=found[2], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == found[1]
