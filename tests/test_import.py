"""`import mlgit` costs nothing, and its names are where the table says."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import mlgit

HEAVY = {"pandas", "numpy", "sqlite3", "dulwich", "yaml", "click", "fsspec", "subprocess"}
REPORT = "import sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"


def python(code: str, cwd: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def loaded(code: str, cwd: Path, **env: str) -> set[str]:
    return set(python(f"{code}\n{REPORT}", cwd, **env).splitlines()[-1].split())


def test_importing_loads_nothing_heavy(tmp_path: Path) -> None:
    assert not HEAVY & loaded("import mlgit", tmp_path)


def test_importing_loads_next_to_nothing(tmp_path: Path) -> None:
    code = "import sys; before = {*sys.modules}; import mlgit; print({*sys.modules} - before)"
    assert ast.literal_eval(python(code, tmp_path)) <= {"mlgit", "__future__"}


def test_the_entities_need_nothing_heavy(tmp_path: Path) -> None:
    assert not HEAVY & loaded("import mlgit.entities, mlgit.media, mlgit.tables", tmp_path)


@pytest.mark.parametrize("name", sorted(mlgit.__all__))
def test_every_public_name_is_found_and_documented(name: str) -> None:
    assert getattr(mlgit, name).__doc__


def test_the_names_for_type_checkers_are_the_names_at_run_time() -> None:
    tree = ast.parse(Path(mlgit.__file__).read_text())
    typed = {
        (node.module, alias.name)
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }
    lazy = {(f"mlgit.{home}", name) for name, home in mlgit._HOME.items()}
    assert typed == lazy | {("mlgit", name) for name in mlgit._SUBMODULES}
    assert sorted(mlgit.__all__) == sorted([*mlgit._HOME, *mlgit._SUBMODULES])


def test_names_are_listed_before_they_are_loaded() -> None:
    assert set(mlgit.__all__) <= set(dir(mlgit))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_call"):
        _ = mlgit.no_such_call


def test_the_version_is_the_packages() -> None:
    assert mlgit.__version__ == importlib.import_module("importlib.metadata").version("mlgit")
