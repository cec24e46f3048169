"""How a run stands that several machines have logged to: whose end of it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mlgit.records.run import RunStatus, load_run

if TYPE_CHECKING:
    from mlgit.records.run import Run
    from mlgit.runs.compose import Source

#: The status that is further on counts where nobody knew of the other's, as when stores are merged.
_FURTHER = (
    RunStatus.SCHEDULED,
    RunStatus.RUNNING,
    RunStatus.KILLED,
    RunStatus.FAILED,
    RunStatus.FINISHED,
)


def settled_end(known: Run, found: Run, sources: Sequence[Source]) -> Run:
    """`found` with status and end of both where somebody else ended the run meanwhile.

    Args:
        known: The run as the branch has it.
        found: The same after all events of the journals.
        sources: Those journals. What their writers had seen of the end, they may overrule.
    """
    if not known.status.terminal or known.end in set(_seen(sources)):
        return found
    status = max(known.status, found.status, key=_FURTHER.index)
    return found._replace(status=status, end=max(known.end or 0, found.end or 0))


def _seen(sources: Sequence[Source]) -> Iterator[int | None]:
    """The ends of the run that the writers knew of when they began, or said themselves."""
    for source in sources:
        if source.content.header is not None:
            yield load_run(source.content.header.run.encode()).end
        for event in source.content.events:
            if event.fields.get("do") == "status":
                yield event.fields["end"]
