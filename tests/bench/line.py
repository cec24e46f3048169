"""One figure beside the peer or floor it is judged by, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Other:
    """What a peer or a floor took for the same, in the same run."""

    name: str
    figure: float


@dataclass(frozen=True)
class Bar:
    """What is promised, in words, and whether it is kept."""

    words: str
    met: bool


@dataclass(frozen=True)
class Line:
    """One measurement: what was done, what it cost us in `unit`, and what that is judged by."""

    name: str
    ours: float
    unit: str
    other: Other | None = None
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over the other's."""
        return self.ours / self.other.figure if self.other and self.other.figure else None

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        other = f"{figure(self.other.figure)} {self.unit}, {self.other.name}" if self.other else ""
        ratio = "" if self.ratio is None else f"{figure(self.ratio)} x"
        words, verdict = self.bar.words if self.bar else "", ""
        if self.bar:
            verdict = "pass" if self.bar.met else "MISS"
        return self.name, f"{figure(self.ours)} {self.unit}", other, ratio, words, verdict


HEAD = ("", "mlgit", "peer or floor", "ratio", "bar", "")


def figure(number: float) -> str:
    """Three digits, as many as a measurement is worth."""
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def at_most(limit: float, ours: float, unit: str) -> Bar:
    """The bar of a figure that must not be higher."""
    return Bar(f"≤ {figure(limit)} {unit}", ours <= limit)


def table(lines: Sequence[Line]) -> str:
    """The lines as text in columns."""
    rows = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def markdown(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [HEAD, ("---",) * len(HEAD), *(line.cells() for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
