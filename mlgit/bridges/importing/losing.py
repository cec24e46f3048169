"""One thing that cannot be carried does not hold up the others: it is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlgit.errors import MlgitError, StorageFailed
from mlgit.records import names

if TYPE_CHECKING:
    from mlgit.bridges.sources.source import Source


@contextmanager
def losing(source: Source, what: str) -> Iterator[None]:
    """What is refused inside is named as lost.

    Raises:
        StorageFailed: The disk refused; that holds everything up.
    """
    try:
        yield
    except StorageFailed:
        raise
    except MlgitError as error:
        hint = f"; {error.hint}" if error.hint else ""
        source.lose(what, f"{error.message}{hint}")


def checked_tags(tags: Mapping[str, str], whose: str, source: Source) -> dict[str, str]:
    """Tags of an experiment, model or version that the format has a place for."""
    found: dict[str, str] = {}
    for key, value in tags.items():
        with losing(source, f"tag {key[:80]!r} of {whose}"):
            found[names.validate_key("tag", key)] = names.experiment_tag_value(key, value)
    return found
