"""The tree is the diagram: who may import whom, and which modules may print or start programs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mlgit"

GROUND = {"errors", "times", "process"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "times": set(),
    "process": {"errors"},
    "records": GROUND,
    "git": GROUND,
    "artifacts": GROUND | {"records"},
    "store": GROUND | {"records", "git"},
    "runs": GROUND | {"records", "git", "store", "artifacts"},
    "search": GROUND | {"records", "git", "store", "artifacts"},
    "sharing": GROUND | {"records", "git", "store", "artifacts"},
    "registry": GROUND | {"records", "git", "store", "artifacts"},
    "holdings": GROUND | {"records", "git", "store", "artifacts"},
}
FACE = set(ALLOWED) | {"face"}
EDGES = {"cli", "bridges"}


def band(module: str) -> str:
    """`mlgit.git.refs` -> git; a module right below `mlgit` above the ground is the face."""
    parts = module.split(".")
    if len(parts) > 1 and (parts[1] in ALLOWED or parts[1] in EDGES):
        return parts[1]
    return "edge" if parts[1:] == ["__main__"] else "face"


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every mlgit module that `path` names in an import, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "mlgit":
                yield from (f"mlgit.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_bands_below_it(path: Path) -> None:
    here = band(name_of(path))
    allowed = {"cli": FACE | EDGES, "edge": FACE | EDGES, "face": FACE, "bridges": FACE}.get(here)
    allowed = (ALLOWED[here] if allowed is None else allowed) | {here}
    used = {band(name) for name in imports(path) if name.startswith("mlgit.")}
    assert used <= allowed, f"{here} must not import {sorted(used - allowed)}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_edges_print_exit_or_prompt(path: Path) -> None:
    if band(name_of(path)) in EDGES | {"edge"}:
        return
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    named = {call.id for call in calls if isinstance(call, ast.Name)}
    assert not named & {"print", "input", "exit", "quit"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_one_module_starts_programs_and_only_the_cli_knows_click(path: Path) -> None:
    name = name_of(path)
    used = {module.split(".")[0] for module in imports(path)}
    assert "subprocess" not in used or name == "mlgit.process"
    assert "click" not in used or band(name) == "cli"
    assert "dulwich" not in used or band(name) == "git"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_file_is_longer_than_450_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 450
