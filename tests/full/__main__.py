"""`python -m tests.full [--list] [--dry] [STEP…]`: run steps, write their lines into docs/."""

from __future__ import annotations

import argparse
import sys
import time

from tests.full.record import Row, put_row, put_text
from tests.full.step import ROOT, Result
from tests.full.steps import STEPS

PAGE = ROOT / "docs" / "conformance.md"
FAULT_PAGE = ROOT / "docs" / "reliability.md"
FAULT_STEPS = ("faults", "powercut", "powercut-sharing", "servers")


def main() -> int:
    """Run what is asked for; 1 when a step failed."""
    parser = argparse.ArgumentParser(prog=".ci/full")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--list", action="store_true", help="say what the steps are, run none")
    parser.add_argument("--dry", action="store_true", help="run, but leave docs/ as it is")
    asked = parser.parse_args()
    unknown = sorted(set(asked.steps) - set(STEPS))
    if unknown:
        parser.error(f"no step is called {unknown[0]}; there are {', '.join(STEPS)}")
    if asked.list:
        for name, step in STEPS.items():
            sys.stdout.write(f"{name:18}{step.__doc__}\n")
        return 0
    results = [one(name, dry=asked.dry) for name in asked.steps or STEPS]
    return int(Result.FAILED in results)


def one(name: str, *, dry: bool) -> Result:
    """Run one step and write its line down."""
    sys.stdout.write(f"== {name}: {STEPS[name].__doc__}\n")
    sys.stdout.flush()
    began = time.monotonic()
    outcome = STEPS[name]()
    row = Row(name, outcome, time.monotonic() - began)
    sys.stdout.write(f"{row.markdown()}\n")
    if not dry:
        put_row(PAGE, "steps", row)
        if outcome.table:
            put_text(PAGE, name, outcome.table)
        if name in FAULT_STEPS:
            put_row(FAULT_PAGE, "figures", row)
    return outcome.result


if __name__ == "__main__":
    sys.exit(main())
