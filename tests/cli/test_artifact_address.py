"""A run and a path given as one address, as code and pandas give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.harness import done, mlgit

pytestmark = pytest.mark.usefixtures("repo")


@pytest.mark.parametrize("scheme", ["runs:/", "mlgit://"])
def test_an_address_is_as_good_as_a_run_and_a_path(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("step,loss\n1,0.5\n")
    (tmp_path / "tables" / "b.csv").write_text("step\n")
    done("init")
    run_id = done("log-run", "--name", "one", "-a", str(tmp_path / "tables")).strip()
    for name in (run_id, "one", "@last"):
        address = f"{scheme}{name}/tables/a.csv"
        assert done("artifact", "cat", address) == "step,loss\n1,0.5\n"
        assert "b.csv" not in done("artifact", "ls", address)
    for whole in (["one"], [f"{scheme}one/"], [f"{scheme}one/tables"], [f"{scheme}one", "tables"]):
        listed = done("artifact", "ls", *whole, "--format", "{path}").split()
        assert listed == ["tables/a.csv", "tables/b.csv"]
    done("artifact", "get", f"{scheme}one/tables/b.csv", "-o", str(tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").rglob("*.csv")] == ["b.csv"]


def test_cat_needs_one_file() -> None:
    done("init")
    done("log-run", "--name", "one")
    found = mlgit("artifact", "cat", "runs:/one")
    assert found.code == 2
    assert "hint: mlgit artifact ls one" in found.stderr
