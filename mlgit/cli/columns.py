"""Which columns a list of runs has: what was asked for, or metrics and what varies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlgit.cli.numbers import counted

if TYPE_CHECKING:
    from mlgit.cli.machine import Document
    from mlgit.search.order import Keys

_MOST_METRICS = 4
_MOST_PARAMS = 6
_SYSTEM = "system/"
_HELD_OUT = ("val", "test", "eval")
_PATHS = {
    "run_id": "id",
    "run_name": "name",
    "start_time": "start",
    "end_time": "end",
    "duration": "duration_ms",
    "took": "duration_ms",
    "user_id": "user",
    "dirty": "code.dirty",
    "repository": "code.repository",
    "source_name": "source.name",
    "source_type": "source.type",
    "commit": "code.commit",
    "branch": "code.branch",
    **{path: path for path in ("code.commit", "code.branch", "code.dirty", "code.patch")},
    **{path: path for path in ("source.name", "source.command", "duration_ms", "lifecycle")},
}


class Selection(NamedTuple):
    """The columns of a list of runs.

    Attributes:
        paths: Fields of the documents, in order.
        constant: Parameters left out because all runs agree on them.
        more: Metrics and parameters left out because there are too many.
    """

    paths: Sequence[str]
    constant: int = 0
    more: int = 0

    def hidden(self) -> str:
        """What is not shown, for the note below the table; empty when all is."""
        parts = [
            counted(self.constant, "constant parameter") if self.constant else "",
            counted(self.more, "more column") if self.more else "",
        ]
        said = " and ".join(filter(None, parts))
        return f"Hidden: {said} (--columns all)." if said else ""


def every_column(documents: Sequence[Document]) -> Selection:
    """Every metric, parameter and tag that any run has."""
    head = ["experiment", "status", "start", "duration_ms", "user"]
    keyed = [
        f"{section}.{key}"
        for section in ("metrics", "params", "tags")
        for key in _counted(documents, section)
    ]
    return Selection(head + keyed)


def usual_columns(documents: Sequence[Document], first: str) -> Selection:
    """Metrics first, then the parameters that vary; `first` is the one to judge by."""
    metrics = metric_order(documents, first)
    params = _counted(documents, "params")
    one = len(documents) == 1
    varying = [key for key in params if one or _varies(documents, "params", key)]
    varying.sort(key=lambda key: -_share(params[key], documents))
    experiments = {document["experiment"] for document in documents}
    paths = ["experiment"] if len(experiments) > 1 else []
    paths += [f"metrics.{key}" for key in metrics[:_MOST_METRICS]]
    paths += [f"params.{key}" for key in varying[:_MOST_PARAMS]]
    more = len(metrics[_MOST_METRICS:]) + len(varying[_MOST_PARAMS:])
    return Selection(paths, constant=len(params) - len(varying), more=more)


def metric_order(documents: Sequence[Document], first: str) -> list[str]:
    """The metrics in use: `first`, then those that most runs have, held-out data before others."""
    counted = _counted(documents, "metrics")
    known = [key for key in counted if not key.startswith(_SYSTEM)]
    return sorted(
        known,
        key=lambda key: (
            key != first,
            -_share(counted[key], documents),
            not key.startswith(_HELD_OUT),
        ),
    )


def path_of(name: str, keys: Keys) -> str:
    """The field of the documents that `acc`, `params.lr`, `took` or `code.commit` means.

    Raises:
        NotFound, QueryError: Nothing has that name.
    """
    if name in _PATHS:
        return _PATHS[name]
    from mlgit.search.expression import Kind
    from mlgit.search.order import named_field

    field = named_field(name, keys)
    if field.kind is Kind.ATTRIBUTE:
        return _PATHS.get(field.key, field.key)
    return f"{field.kind.name.lower()}s.{field.key}"


def _counted(documents: Sequence[Document], section: str) -> Counter[str]:
    """How many runs have each key; keys in the order they were first seen."""
    return Counter(key for document in documents for key in document[section])


def _varies(documents: Sequence[Document], section: str, key: str) -> bool:
    return len({document[section].get(key) for document in documents}) > 1


def _share(count: int, documents: Sequence[Document]) -> int:
    """Whether most, some or few runs have it: 2, 1, 0."""
    return 2 if 2 * count > len(documents) else 1 if 10 * count > len(documents) else 0
