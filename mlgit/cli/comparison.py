"""What differs between runs: rows of values beside each other, nothing printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlgit.cli.numbers import change
from mlgit.search.judging import verdict

if TYPE_CHECKING:
    from mlgit.records.artifact import ArtifactEntry
    from mlgit.records.inputs import DatasetInput
    from mlgit.records.run import Run

Value = str | float | None


class Facts(NamedTuple):
    """One run with what stands beside its record.

    Attributes:
        run: The run.
        experiment: Name of its experiment.
        packages: Version by package name, as captured.
        datasets: What it read.
        patch: The uncommitted difference of its code.
        artifacts: Its manifest.
    """

    run: Run
    experiment: str = ""
    packages: Mapping[str, str] = {}
    datasets: Sequence[DatasetInput] = ()
    patch: bytes = b""
    artifacts: Sequence[ArtifactEntry] = ()


class Row(NamedTuple):
    """One key and its value in each run, None where a run lacks it."""

    section: str
    key: str
    values: tuple[Value, ...]

    @property
    def name(self) -> str:
        """`metrics.acc`; a section of one fact is its own name."""
        return f"{self.section}.{self.key}" if self.key else self.section

    @property
    def differs(self) -> bool:
        """Whether any run has another value than the first; NaN equals NaN."""
        return len({repr(value) for value in self.values}) > 1

    def change(self, index: int) -> str:
        """How far the metric of run `index` is from the baseline's; empty for other rows."""
        before, after = self.values[0], self.values[index]
        if self.section != "metrics" or not isinstance(before, float):
            return ""
        return change(before, after) if isinstance(after, float) else ""

    def verdict(self, index: int) -> int:
        """1 where run `index` is better than the baseline by this metric, -1 worse, else 0."""
        before, after = self.values[0], self.values[index]
        if self.section != "metrics" or not isinstance(before, float):
            return 0
        return verdict(self.key, before, after) if isinstance(after, float) else 0


def packages_of(environment: bytes | None) -> dict[str, str]:
    """Version by package from a captured environment; a line of another form is its own key."""
    lines = (environment or b"").decode("utf-8", "replace").splitlines()
    split = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name.strip(): version.strip() for name, _, version in split}


def rows_of(runs: Sequence[Facts]) -> Iterator[Row]:
    """Every fact of the runs: metrics, parameters, tags, data, code, environment."""
    yield from _keyed(runs, "metrics", lambda facts: _last_values(facts.run))
    yield from _keyed(runs, "params", lambda facts: facts.run.params)
    yield from _keyed(runs, "tags", lambda facts: facts.run.tags)
    yield from _keyed(runs, "data", lambda facts: {d.name: d.digest for d in facts.datasets})
    for key, read in _CODE.items():
        yield Row("code", key, tuple(read(facts) for facts in runs))
    yield from _keyed(runs, "env", lambda facts: facts.packages)
    yield Row("status", "", tuple(facts.run.status.value for facts in runs))


_CODE: dict[str, Callable[[Facts], Value]] = {
    "commit": lambda facts: facts.run.code.commit or None,
    "branch": lambda facts: facts.run.code.branch or None,
    "patch": lambda facts: _digest(facts.patch) or facts.run.code.patch or None,
    "command": lambda facts: facts.run.source.command or facts.run.source.name or None,
}


def _keyed(
    runs: Sequence[Facts], section: str, read: Callable[[Facts], Mapping[str, Any]]
) -> Iterator[Row]:
    """A row for each key that any run has, in the order the runs name them."""
    held = [read(facts) for facts in runs]
    for key in dict.fromkeys(key for values in held for key in values):
        yield Row(section, key, tuple(values.get(key) for values in held))


def _last_values(run: Run) -> dict[str, float]:
    return {key: float(summary.last) for key, summary in run.metrics.items()}


def _digest(patch: bytes) -> str:
    from hashlib import sha256

    return sha256(patch).hexdigest()[:12] if patch else ""
