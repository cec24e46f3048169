"""What a user learns of the faults: one line each, whatever the kind of remote.

`python -m tests.artifacts.transfer.fault_table` puts it into docs/reliability.md; the whole
table is printed by `tests.artifacts.transfer.worlds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.artifacts.transfer.worlds import Row, every_row
from tests.full.record import put_text
from tests.support.faulty import LOOK, READ, WRITE

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
MARKER = "faults"
FAULTS = {
    (WRITE, "lie"): "says that it has written, and has not",
    (WRITE, "truncate"): "keeps half of what it was sent",
    (WRITE, "flip"): "keeps it with one bit flipped",
    (WRITE, "full"): "is full",
    (WRITE, "fail"): "breaks off what is sent",
    (WRITE, "refuse"): "may not be written to",
    (WRITE, "reply lost"): "writes, and the answer gets lost",
    (WRITE, "unmoved"): "does not do the last step, a rename, and says that it has",
    (WRITE, "slow"): "is slow to write",
    (WRITE, "hang"): "never answers a write",
    (LOOK, "fail"): "does not say what it has",
    (LOOK, "refuse"): "may not be listed",
    (LOOK, "stale"): "shows what it had a while ago",
    (LOOK, "hang"): "never answers what it has",
    (READ, "truncate"): "gives half of what it has",
    (READ, "flip"): "gives it with one bit flipped",
    (READ, "break off"): "breaks off in the middle",
    (READ, "fail"): "does not answer a read",
    (READ, "refuse"): "may not be read",
    (READ, "slow"): "is slow to read",
    (READ, "hang"): "never answers a read",
    ("any", "random"): "does one of these in one of ten requests",
}
_BROKEN = "**BROKEN**"


def condensed(rows: Sequence[Row]) -> str:
    """One line for each fault, from what it did to every kind of remote.

    What depends on the kind of remote, or on chance, is not counted.
    """
    lines = ["| the remote … | upload | download | verify afterwards |", "|---|---|---|---|"]
    for (on, mode), words in FAULTS.items():
        of = [row for row in rows if (row.on, row.mode) == (on, mode)]
        cells = [_outcome([row for row in of if row.operation == what]) for what in _MOVES]
        verified = "right" if all(row.found for row in of) else _BROKEN
        lines.append(f"| {words} | {' | '.join(cells)} | {verified} |")
    return "\n".join(lines)


_MOVES = {"upload": "sent", "download": "fetched"}


def _outcome(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    if any(row.false or row.wrong or not row.again for row in rows):
        return _BROKEN
    well = _MOVES[rows[0].operation]
    whole = {row.claimed == row.of for row in rows}
    if len(whole) > 1 or rows[0].mode == "random":
        return f"{well} or refused"
    return well if whole == {True} else "refused"


if __name__ == "__main__":
    put_text(PAGE, MARKER, condensed(every_row()))
