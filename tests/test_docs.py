"""What the pages say is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.console import agrees, programs, steps, terminal
from tests.support.repos import make_repo

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(steps(page))], ids=lambda page: page.name
)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    place = make_repo(tmp_path / "my-project")
    for step in steps(page):
        code, printed = terminal(step.command, place)
        where = f"{page.name}:{step.line}: $ {step.command}\n{printed}"
        assert code == 0, f"ended with {code}\n{where}"
        assert agrees(step.expected, printed), f"the page shows\n{step.expected}\n{where}"
    for number, program in enumerate(programs(page)):
        (place / f"example_{number}.py").write_text(program, "utf-8")
        code, printed = terminal(f"python example_{number}.py", place)
        assert (code, printed) == (0, ""), f"{page.name}, Python block {number}:\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
